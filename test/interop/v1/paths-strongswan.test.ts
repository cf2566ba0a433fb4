import { tellFragments, tellNats } from './paths.ts';

tellNats('strongswan');
tellFragments('strongswan');
