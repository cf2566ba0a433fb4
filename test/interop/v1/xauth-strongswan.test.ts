import { tellRoadWarriors } from './road-warrior.ts';

tellRoadWarriors('strongswan', 'west');
tellRoadWarriors('strongswan', 'east');
