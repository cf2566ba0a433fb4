/**
 * The numbers before a reply line. They are libreswan 5.2's, and scripts know them as exit statuses: a code
 * below 20 says how it goes, one from 20 to 99 says why it did not.
 */
export const RC = {
  LOG: 2,
  SUCCESS: 4,
  ENTERSECRET: 10,
  USERPROMPT: 11,
  DUPNAME: 20,
  UNKNOWN_NAME: 21,
  ORIENT: 22,
  CLASH: 23,
  DEAF: 24,
  ROUTE: 25,
  RTBUSY: 26,
  BADID: 27,
  NOKEY: 28,
  NOPEERIP: 29,
  INITSHUNT: 30,
  WILDCARD: 31,
  CRLERROR: 32,
  WHACK_PROBLEM: 33,
  BADWHACKMESSAGE: 50,
  NORETRANSMISSION: 51,
  INTERNAL_ERROR: 52,
  OPPOFAILURE: 53,
  CRYPTOFAILED: 54,
  AGGRALGO: 55,
  FATAL: 56,
} as const;

export type ReplyCodeName = keyof typeof RC;
export type ReplyCode = (typeof RC)[ReplyCodeName];

const EXIT_FLOOR = 20;
const EXIT_ROOF = 100;

/** The exit status after one more code: the first from 20 to 99 sticks, everything else leaves it alone. */
export function exitAfter(exit: number, code: number): number {
  return exit === 0 && code >= EXIT_FLOOR && code < EXIT_ROOF ? code : exit;
}
