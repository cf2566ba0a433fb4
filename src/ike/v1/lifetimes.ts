/**
 * How long SAs last, as FreeS/WAN's pluto has it: the responder takes the shorter of what is offered and what it wants,
 * and says so with RESPONDER-LIFETIME (RFC 2407 §4.6.3.1); and nobody gets more than the most.
 */
import { type Attribute, attribute, decodeAttributes, LIFE, NOTIFY, numberIn, type Payload } from './wire/index.ts';

/** ms. */
export const MOST_ISAKMP_LIFE = 8 * 3_600_000;
export const MOST_IPSEC_LIFE = 24 * 3_600_000;
/** RFC 2407 §4.5: what an offer without a lifetime means. */
export const USUAL_IPSEC_LIFE = 8 * 3_600_000;

/** What an offer says: absent, it does not say. */
export interface Life {
  readonly seconds?: number;
  readonly kilobytes?: number;
}

/** Where the two attributes stand: their numbers differ between the phases. */
interface Numbers {
  readonly LIFE_TYPE: number;
  readonly LIFE_DURATION: number;
}

/** `bytes`: a limit of traffic, told in kilobytes. */
export const lifeAttributes = (ms: number, { LIFE_TYPE, LIFE_DURATION }: Numbers, bytes?: number): Attribute[] => [
  { type: LIFE_TYPE, value: LIFE.SECONDS },
  attribute(LIFE_DURATION, Math.floor(ms / 1000)),
  ...(bytes === undefined
    ? []
    : [
        { type: LIFE_TYPE, value: LIFE.KILOBYTES },
        attribute(LIFE_DURATION, Math.min(MOST_KILOBYTES, Math.max(1, Math.floor(bytes / 1024)))),
      ]),
];

/** Four octets: more than any peer has to send, and no peer stumbles over it. */
const MOST_KILOBYTES = 0xffff_ffff;

/** Durations come each behind their type; `rest` is what is none of both. A text: why they make no sense. */
export function readLife(
  attributes: readonly Attribute[],
  numbers: Numbers,
): { readonly life: Life; readonly rest: readonly Attribute[] } | string {
  const rest: Attribute[] = [];
  const life: { seconds?: number; kilobytes?: number } = {};
  let unit: 'seconds' | 'kilobytes' | undefined;
  for (const one of attributes) {
    if (one.type === numbers.LIFE_TYPE) {
      if (unit) return 'a life type without a duration';
      unit = UNITS.get(numberIn(one));
      if (!unit) return `life type ${numberIn(one)}`;
    } else if (one.type === numbers.LIFE_DURATION) {
      const value = numberIn(one);
      if (!unit || life[unit] !== undefined) return 'a life duration without a type of its own';
      if (!value) return 'a life of no time, or more than can be told';
      life[unit] = value;
      unit = undefined;
    } else rest.push(one);
  }
  return unit ? 'a life type without a duration' : { life, rest };
}

/** What RESPONDER-LIFETIME says, if it is there and makes sense. RFC 2407 §4.6.3.1. */
export function noticeIn(payloads: readonly Payload[], numbers: Numbers): Life | undefined {
  const notice = payloads.find((p) => p.type === 'N' && p.notify === NOTIFY.RESPONDER_LIFETIME);
  const attributes = notice?.type === 'N' ? decodeAttributes(notice.data) : undefined;
  const read = attributes && readLife(attributes, numbers);
  return typeof read === 'object' ? read.life : undefined;
}

const UNITS: ReadonlyMap<number | undefined, 'seconds' | 'kilobytes'> = new Map([
  [LIFE.SECONDS, 'seconds'],
  [LIFE.KILOBYTES, 'kilobytes'],
]);

/** Of the protocols of a bundle: what ends first ends it. */
export function shorterLife(a: Life, b: Life): Life {
  const [seconds, kilobytes] = [least(a.seconds, b.seconds), least(a.kilobytes, b.kilobytes)];
  return { ...(seconds !== undefined && { seconds }), ...(kilobytes !== undefined && { kilobytes }) };
}

/** Octets: the less of both; undefined without any. */
export const lessBytes = (ours: number | undefined, { kilobytes }: Life): number | undefined =>
  least(ours, kilobytes === undefined || kilobytes > MOST_KILOBYTES ? undefined : kilobytes * 1024);

const least = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);

/** ms: the shorter of both, and not more than `most`. */
export const shorter = (ours: number, life: Life, most: number): number =>
  Math.min(ours, life.seconds === undefined ? most : life.seconds * 1000, most);
