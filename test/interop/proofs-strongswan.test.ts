import { impostors, mixed, signatures } from './proofs.ts';
import { tell, tellFrom, underShim } from './tell.ts';

tell([...signatures('strongswan'), ...mixed], 'strongswan', underShim);
tellFrom('west', impostors('strongswan', 'east'), 'strongswan', underShim);
tellFrom('east', impostors('strongswan', 'west'), 'strongswan', underShim);
