/** `ipsec simulate` and `ipsec tune`: what their commands need. */
export { recordHandshakes, stageHandshakes } from './handshakes.ts';
export { simulate } from './simulate.ts';
export { reportText } from './text.ts';
