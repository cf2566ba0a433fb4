/** `ipsec simulate`: what its command needs. */
export { simulate } from './simulate.ts';
export { reportText } from './text.ts';
