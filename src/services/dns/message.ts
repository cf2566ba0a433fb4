/** Questions to a resolver, and what may be believed of its answers. RFC 1035 §4.1, RFC 6891, RFC 3225, RFC 6840 §5.7. */
import packet, { type Answer, type DecodedPacket } from 'dns-packet';

export type QueryType = 'IPSECKEY' | 'A' | 'AAAA' | 'PTR';

export interface Query {
  readonly id: number;
  /** Lower case, without a last dot. */
  readonly name: string;
  readonly type: QueryType;
}

export interface Response {
  readonly rcode: 'NOERROR' | 'NXDOMAIN';
  /** The resolver says that it has validated all of this. */
  readonly authentic: boolean;
  /** Of the type that was asked for, under the name that was asked for or one that it is another name of. */
  readonly records: readonly Found[];
  /** s that this may be kept. */
  readonly ttl: number;
}

export interface Found {
  readonly type: QueryType;
  /** IPSECKEY: the RDATA. The others: text. */
  readonly data: Uint8Array | string;
}

export type Understood =
  | { readonly t: 'response'; readonly response: Response }
  /** There is more than fits: ask again by TCP. */
  | { readonly t: 'truncated' }
  /** SERVFAIL and the like: another server may know more. */
  | { readonly t: 'failed'; readonly why: string }
  /** No answer to this question at all: whoever sent it, the answer may still come. */
  | { readonly t: 'foreign' };

/** Octets that a datagram may have: what passes everywhere unfragmented (DNS flag day 2020). */
const UDP_OCTETS = 1232;
/** Names that one may lead to the next. */
const MOST_ALIASES = 8;
/** s; how long it is remembered that there is nothing, and how short anything is. */
const NOTHING_FOR = { least: 5, most: 300 };

/** Recursion wanted, AD understood, DNSSEC OK. */
export function encodeQuery({ id, name, type }: Query): Uint8Array {
  return packet.encode({
    type: 'query',
    id,
    flags: packet.RECURSION_DESIRED | packet.AUTHENTIC_DATA,
    questions: [{ name, type }],
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize: UDP_OCTETS,
        extendedRcode: 0,
        ednsVersion: 0,
        flags: packet.DNSSEC_OK,
        flag_do: true,
        options: [],
      },
    ],
  });
}

/** What octets say that came from a server we asked `query`. */
export function understand(octets: Uint8Array, query: Query): Understood {
  // Cut off anywhere, it need not parse.
  if (isTruncated(octets, query.id)) return { t: 'truncated' };
  const decoded = decode(octets);
  if (!decoded || !isAnswerTo(decoded, query)) return { t: 'foreign' };
  const rcode = (decoded as DecodedPacket & { readonly rcode: string }).rcode;
  if (rcode !== 'NOERROR' && rcode !== 'NXDOMAIN') return { t: 'failed', why: WORDS[rcode] ?? rcode };
  const { records, ttls } = follow(decoded.answers ?? [], query);
  const ttl = records.length > 0 ? Math.min(...ttls) : nothingFor(decoded.authorities ?? []);
  return { t: 'response', response: { rcode, authentic: decoded.flag_ad, records, ttl } };
}

const WORDS: Readonly<Record<string, string>> = {
  SERVFAIL: 'SERVFAIL: it could not get the answer, or the answer is bogus',
  REFUSED: 'REFUSED: it does not answer us',
};

const isTruncated = (octets: Uint8Array, id: number): boolean =>
  octets.length >= 12 && octets[0] === id >> 8 && octets[1] === (id & 255) && (octets[2] & 0x82) === 0x82;

function decode(octets: Uint8Array): DecodedPacket | undefined {
  try {
    return packet.decode(Buffer.from(octets.buffer, octets.byteOffset, octets.length));
  } catch {
    return undefined;
  }
}

function isAnswerTo(decoded: DecodedPacket, { id, name, type }: Query): boolean {
  if (decoded.id !== id || !decoded.flag_qr) return false;
  const [question, ...more] = decoded.questions ?? [];
  if (question === undefined || more.length > 0) return false;
  return question.type === type && question.class === 'IN' && sameName(question.name, name);
}

/** The records, through aliases in whatever order they stand (RFC 1034 §3.6.2); TTLs of all that led there. */
function follow(answers: readonly Answer[], { name, type }: Query): { records: Found[]; ttls: number[] } {
  const ttls: number[] = [];
  let at = name;
  for (let aliases = 0; aliases <= MOST_ALIASES; aliases++) {
    const here = answers.filter((answer) => sameName(answer.name, at) && 'class' in answer && answer.class === 'IN');
    const records = here.filter((answer) => answer.type === type);
    if (records.length > 0) {
      const found = records.flatMap((record) => foundIn(record, type));
      return { records: found, ttls: [...ttls, ...records.map(ttlOf)] };
    }
    const alias = here.find((answer) => answer.type === 'CNAME');
    if (alias?.type !== 'CNAME') break;
    ttls.push(ttlOf(alias));
    at = alias.data;
  }
  return { records: [], ttls };
}

function foundIn(record: Answer, type: QueryType): Found[] {
  const { data } = record as { readonly data?: unknown };
  if (type === 'IPSECKEY') return data instanceof Uint8Array ? [{ type, data: Uint8Array.from(data) }] : [];
  return typeof data === 'string' ? [{ type, data }] : [];
}

const ttlOf = (answer: Answer): number => ('ttl' in answer && typeof answer.ttl === 'number' ? answer.ttl : 0);

/** RFC 2308 §5: the lesser of the SOA's TTL and its minimum. */
function nothingFor(authorities: readonly Answer[]): number {
  const soa = authorities.find((answer) => answer.type === 'SOA');
  const said = soa?.type === 'SOA' ? Math.min(ttlOf(soa), soa.data.minimum ?? 0) : 0;
  return Math.min(Math.max(said, NOTHING_FOR.least), NOTHING_FOR.most);
}

const sameName = (a: string, b: string): boolean => bare(a) === bare(b);
const bare = (name: string): string => name.toLowerCase().replace(/(?<=.)\.$/, '');
