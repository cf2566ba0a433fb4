import { tellRoadWarriors } from './road-warrior.ts';

tellRoadWarriors('libreswan', 'west');
tellRoadWarriors('libreswan', 'east');
