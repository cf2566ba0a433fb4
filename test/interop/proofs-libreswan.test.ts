import { impostors, mixed, nobodies, outdated, signatures } from './proofs.ts';
import { tell, tellFrom, underShim } from './tell.ts';

tell([...signatures('libreswan'), ...mixed, ...nobodies], 'libreswan', underShim);
tellFrom('west', [...impostors('libreswan', 'east'), ...outdated('libreswan', 'west')], 'libreswan', underShim);
tellFrom('east', [...impostors('libreswan', 'west'), ...outdated('libreswan', 'east')], 'libreswan', underShim);
