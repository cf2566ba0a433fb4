import { impostors, mixed, outdated, signatures, twice, twiceOfResponder } from './proofs.ts';
import { tell, tellFrom, underShim } from './tell.ts';

tell([...signatures('strongswan'), ...mixed, ...twice], 'strongswan', underShim);
tellFrom(
  'west',
  [...twiceOfResponder, ...impostors('strongswan', 'east'), ...outdated('strongswan', 'west')],
  'strongswan',
  underShim,
);
tellFrom('east', [...impostors('strongswan', 'west'), ...outdated('strongswan', 'east')], 'strongswan', underShim);
