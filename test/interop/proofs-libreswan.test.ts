import { impostors, mixed, nobodies, signatures } from './proofs.ts';
import { tell, tellFrom, underShim } from './tell.ts';

tell([...signatures('libreswan'), ...mixed, ...nobodies], 'libreswan', underShim);
tellFrom('west', impostors('libreswan', 'east'), 'libreswan', underShim);
tellFrom('east', impostors('libreswan', 'west'), 'libreswan', underShim);
