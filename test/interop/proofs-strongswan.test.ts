import { impostors, mixed, outdated, signatures } from './proofs.ts';
import { tell, tellFrom, underShim } from './tell.ts';

tell([...signatures('strongswan'), ...mixed], 'strongswan', underShim);
tellFrom('west', [...impostors('strongswan', 'east'), ...outdated('strongswan', 'west')], 'strongswan', underShim);
tellFrom('east', [...impostors('strongswan', 'west'), ...outdated('strongswan', 'east')], 'strongswan', underShim);
