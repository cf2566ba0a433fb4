import { exchanges, negotiations } from './stories.ts';
import { tell, underShim } from './tell.ts';

tell([...negotiations, ...exchanges], 'libreswan', underShim);
