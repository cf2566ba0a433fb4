import { impostors, signatures } from './proofs.ts';
import { tell, tellFrom, underShim } from './tell.ts';

tell(signatures('libreswan'), 'libreswan', underShim);
tellFrom('west', impostors('libreswan', 'east'), 'libreswan', underShim);
tellFrom('east', impostors('libreswan', 'west'), 'libreswan', underShim);
