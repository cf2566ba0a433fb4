/**
 * An end of a handshake that waits for its peer's proof, as often as a test likes: each try is made with a copy of it, and
 * what comes of it touches nobody.
 */
import { IkeKeys } from '../../../src/ike/crypto/keys.ts';
import type { Env, Out } from '../../../src/ike/effects.ts';
import type { AuthTalk } from '../../../src/ike/v2/auth-talk.ts';
import { openMessage, sealMessage } from '../../../src/ike/v2/channel.ts';
import type { Handshake, IkeSa } from '../../../src/ike/v2/ike-sa.ts';
import { step } from '../../../src/ike/v2/step.ts';
import { decodeMessage, describe, type Header, type Payload } from '../../../src/ike/wire/index.ts';
import type { Host } from './host.ts';
import type { Pair } from './pair.ts';

export interface Outcome {
  /** It takes the peer for who it says it is, or there is a tunnel. */
  readonly isBelieved: boolean;
  readonly isDead: boolean;
  /** What it sends, as `wire.expect` has it. */
  readonly sent: readonly string[];
  /** Lines at info or warn. */
  readonly lines: readonly string[];
}

export interface Victim {
  readonly sa: IkeSa;
  /** What its peer has sent to prove itself. */
  readonly payloads: readonly Payload[];
  /** `change` is what else is not as it was: in the copy. */
  hear(payloads: readonly Payload[], change?: (sa: IkeSa) => void): Outcome;
}

/** Runs the exchange up to the last of `lines`, which does not arrive. */
export function victimOf({ west, east, wire }: Pair, lines: readonly string[]): Victim {
  west.up();
  for (const line of lines.slice(0, -1)) wire.expect(line);
  const { bytes, isFromWest } = wire.hold(lines.at(-1)!);
  const host = isFromWest ? east : west;
  const { sa } = host;
  const decoded = decodeMessage(bytes);
  const opened = decoded.ok && openMessage(copyOf(sa), decoded.value, bytes);
  if (!decoded.ok || !opened || opened.t !== 'payloads') throw new Error('no proof');
  const { header } = decoded.value;
  return {
    sa,
    payloads: opened.payloads,
    hear: (payloads, change) => hear(host, sa, { header, payloads, change }),
  };
}

interface Try {
  readonly header: Header;
  readonly payloads: readonly Payload[];
  readonly change: ((sa: IkeSa) => void) | undefined;
}

function hear(host: Host, original: IkeSa, { header, payloads, change }: Try): Outcome {
  const sa = copyOf(original);
  // The SPI is the original's, and stays.
  const env: Env = { ...host.env, releaseSpi: () => {} };
  const reader = mirrorOf(sa);
  const [bytes] = sealMessage(mirrorOf(sa), header, payloads, env);
  change?.(sa);
  const all: Out[] = [];
  const handle = (outs: readonly Out[]): void => {
    all.push(...outs);
    for (const out of outs) {
      if (out.t === 'submit') handle(step(sa, { t: 'job', id: out.id, result: host.runJob(out.job) }, env));
      if (out.t !== 'ask') continue;
      const reply = host.answers?.(out.question) ?? ({ t: 'none', why: 'nobody answers' } as const);
      handle(step(sa, { t: 'reply', id: out.id, reply }, env));
    }
  };
  handle(step(sa, { t: 'packet', datagram: { local: sa.local, peer: sa.peer, bytes } }, env));
  return {
    isBelieved:
      all.some(({ t }) => t === 'authenticated' || t === 'install' || t === 'childUp') || sa.state === 'established',
    isDead: sa.state === 'dead',
    sent: all.flatMap((out) => (out.t === 'send' ? [read(reader, out.bytes)] : [])),
    lines: all.flatMap((out) => (out.t === 'say' && out.level !== 'debug' ? [out.text] : [])),
  };
}

function read(reader: IkeSa, bytes: Uint8Array): string {
  const decoded = decodeMessage(bytes);
  if (!decoded.ok) throw new Error(decoded.fault.why);
  const opened = openMessage(reader, decoded.value, bytes);
  if (opened.t !== 'payloads') throw new Error(`cannot read what it sends: ${opened.t}`);
  return describe(decoded.value.header, opened.payloads);
}

const octets = (of: Uint8Array): Uint8Array => Uint8Array.from(of);

/** Nothing that it wipes or changes is the original's. */
function copyOf(sa: IkeSa): IkeSa {
  const handshake = sa.handshake && copyOfHandshake(sa.handshake);
  const outstanding = sa.outstanding && { ...sa.outstanding };
  const { skD, skAi, skAr, skEi, skEr, skPi, skPr } = sa.keys!;
  const keys = new IkeKeys(octets(Buffer.concat([skD, skAi, skAr, skEi, skEr, skPi, skPr])), sa.suite!);
  return Object.assign(Object.create(Object.getPrototypeOf(sa)), sa, { handshake, outstanding, keys }) as IkeSa;
}

function copyOfHandshake(handshake: Handshake): Handshake {
  const { ni, nr, request, response, private: own, talk } = handshake;
  return {
    ...handshake,
    ...{ ni: octets(ni), nr: octets(nr), request: octets(request), response: octets(response), private: octets(own) },
    talk: talk && copyOfTalk(talk),
  };
}

const copyOfTalk = (talk: AuthTalk): AuthTalk => ({
  ...talk,
  eap: talk.eap && { ...talk.eap, msk: talk.eap.msk && octets(talk.eap.msk) },
});

/** The other end, with keys of its own that outlive the copy's; it never makes fragments. */
function mirrorOf(sa: IkeSa): IkeSa {
  const role = sa.role === 'initiator' ? 'responder' : 'initiator';
  return Object.assign<IkeSa, Partial<IkeSa>>(copyOf(sa), { role, fragments: false });
}
