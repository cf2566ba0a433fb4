/**
 * One document by HTTP, from a server that nobody vouches for. What is refused is refused before it costs anything: by
 * scheme, by address after resolving (and it is that very address that is connected to, so that a second answer of the
 * name server changes nothing), by length as announced and as it comes.
 */
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Address } from '../../net/address.ts';
import type { Clock } from './clock.ts';
import type { Found } from './hosts.ts';

export interface HttpQuery {
  readonly url: string;
  /** With a body it is a POST. */
  readonly body?: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  /** ms, for everything together. */
  readonly within: number;
  readonly mostOctets: number;
}

export type FailureKind =
  /** An address or a URL that we do not go to. */
  | 'refused'
  | 'unreachable'
  | 'late'
  /** Not the document: another status, a redirect too many, an encoding. */
  | 'answer'
  | 'large'
  /** A document, and not what was asked for. */
  | 'malformed'
  /** Ours: too many at a time, or the thread died. */
  | 'local';

export interface Failure {
  readonly ok: false;
  readonly kind: FailureKind;
  readonly why: string;
}

export type HttpResult = { readonly ok: true; readonly body: Uint8Array; readonly type: string } | Failure;

export interface HttpPorts {
  readonly addressesOf: (host: string) => Promise<Found>;
  /** Why not; see `refusal`. */
  readonly refuses: (address: Address) => string | undefined;
  /** The address to go out from towards one of this family (`curl-iface=`); undefined: as routes say. */
  readonly from: (family: 4 | 6) => string | undefined | { readonly why: string };
  readonly clock: Clock;
  /** PEM of the authorities that https:// servers need; Node's if absent. */
  readonly authorities?: string;
}

const MOST_REDIRECTS = 3;
/** Of one host: more servers than these are not tried. */
const MOST_TRIED = 4;
const LONGEST_URL = 2048;

/** Never rejects; always over within `within` ms. */
export function fetchHttp(query: HttpQuery, ports: HttpPorts): Promise<HttpResult> {
  return new Promise((resolve) => {
    const flight: Flight = { isOver: false, request: undefined };
    const over = (result: HttpResult) => {
      if (flight.isOver) return;
      flight.isOver = true;
      cancel();
      flight.request?.destroy();
      resolve(result);
    };
    const cancel = ports.clock.after(query.within, () =>
      over(failure('late', `no answer within ${query.within / 1000} s`)),
    );
    follow(query, ports, flight).then(over, (error: unknown) => over(failure('local', reason(error))));
  });
}

/** What the deadline ends. */
interface Flight {
  isOver: boolean;
  request: ClientRequest | undefined;
}

const failure = (kind: FailureKind, why: string): Failure => ({ ok: false, kind, why });

async function follow(query: HttpQuery, ports: HttpPorts, flight: Flight): Promise<HttpResult> {
  let from: URL | undefined;
  let next = query.url;
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const url = checkUrl(next, from);
    if ('ok' in url) return url;
    const answer = await oneHop(url, query, ports, flight);
    if (!('location' in answer)) return answer;
    [from, next] = [url, answer.location];
  }
  return failure('answer', `more than ${MOST_REDIRECTS} redirects`);
}

function checkUrl(text: string, from: URL | undefined): URL | Failure {
  if (text.length > LONGEST_URL) return failure('refused', `its URL has ${text.length} characters`);
  if (!URL.canParse(text, from?.href)) return failure('refused', 'it is no URL');
  const url = new URL(text, from?.href);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return failure('refused', `${url.protocol}// is not supported, only http:// and https://`);
  if (from?.protocol === 'https:' && url.protocol === 'http:')
    return failure('refused', 'it redirects from https:// to http://');
  if (url.username !== '' || url.password !== '') return failure('refused', 'there is a password in its URL');
  return url;
}

type Hop = HttpResult | { readonly location: string };

async function oneHop(url: URL, query: HttpQuery, ports: HttpPorts, flight: Flight): Promise<Hop> {
  const found = await ports.addressesOf(url.hostname);
  if ('why' in found) return failure('unreachable', found.why);
  let last = failure('unreachable', 'it has no address');
  for (const address of found.addresses.slice(0, MOST_TRIED)) {
    if (flight.isOver) break;
    const why = ports.refuses(address);
    const from = ports.from(address.family);
    if (why !== undefined) last = failure('refused', `${address}: ${why}`);
    else if (typeof from === 'object') last = failure('unreachable', from.why);
    else {
      const hop = await exchange(url, address, from, query, ports, flight);
      // Another address of the same host may be better, but only if this one is not there at all.
      if ('location' in hop || hop.ok || hop.kind !== 'unreachable') return hop;
      last = hop;
    }
  }
  return last;
}

/** One request to one address, one answer. */
function exchange(
  url: URL,
  address: Address,
  from: string | undefined,
  query: HttpQuery,
  { authorities }: HttpPorts,
  flight: Flight,
): Promise<Hop> {
  return new Promise((resolve) => {
    const isTls = url.protocol === 'https:';
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const request = (isTls ? httpsRequest : httpRequest)({
      host: `${address}`,
      port: url.port || (isTls ? 443 : 80),
      path: `${url.pathname}${url.search}`,
      method: query.body ? 'POST' : 'GET',
      headers: {
        Host: url.host,
        'User-Agent': 'pluto',
        Accept: '*/*',
        'Accept-Encoding': 'identity',
        Connection: 'close',
        ...query.headers,
        ...(query.body && { 'Content-Length': query.body.length }),
      },
      setHost: false,
      agent: false,
      ...(from !== undefined && { localAddress: from }),
      // An address is not a name that a certificate could have by SNI.
      ...(isTls && { servername: host === `${address}` ? '' : host }),
      ...(isTls && authorities !== undefined && { ca: authorities }),
    });
    flight.request = request;
    let last: Hop = failure('unreachable', `${address}: it closed the connection without an answer`);
    request.on('error', (error) => {
      last = failure('unreachable', `${address}: ${reason(error)}`);
    });
    request.on('close', () => resolve(last));
    request.on('response', (answer) => {
      last = failure('answer', 'the answer is cut off');
      read(answer, query, (hop) => {
        last = hop;
        request.destroy();
        resolve(hop);
      });
    });
    request.end(query.body);
  });
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** A POST stays a POST. */
const POST_REDIRECTS: ReadonlySet<number> = new Set([307, 308]);

function read(answer: IncomingMessage, { body, mostOctets }: HttpQuery, over: (hop: Hop) => void): void {
  const { statusCode = 0, headers } = answer;
  answer.on('error', () => {});
  if ((body ? POST_REDIRECTS : REDIRECTS).has(statusCode) && headers.location !== undefined)
    return over({ location: headers.location });
  if (statusCode !== 200) return over(failure('answer', `HTTP status ${statusCode}`));
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity')
    return over(failure('answer', `encoding ${encoding.slice(0, 32)}, which we did not ask for`));
  const tooLarge = failure('large', `it has more than ${mostOctets} octets`);
  if (Number(headers['content-length'] ?? 0) > mostOctets) return over(tooLarge);
  const parts: Uint8Array[] = [];
  let octets = 0;
  answer.on('data', (part: Uint8Array) => {
    octets += part.length;
    if (octets > mostOctets) return over(tooLarge);
    parts.push(part);
  });
  answer.on('end', () => {
    if (!answer.complete) return;
    // A buffer of its own, which can change hands between threads.
    const whole = new Uint8Array(octets);
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    over({ ok: true, body: whole, type: headers['content-type']?.split(';')[0].trim().toLowerCase() ?? '' });
  });
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return 'connection refused';
  return code === undefined || error.message.includes(code) ? error.message : `${error.message} (${code})`;
}
