/** Answers an IKE SA that is an EAP peer: our password is the entry of ipsec.secrets for our name. */
import { Md5Peer } from '../../ike/auth/eap/md5-challenge.ts';
import { type Method, type MethodWay, methodOf } from '../../ike/auth/eap/methods.ts';
import { MsChapPeer } from '../../ike/auth/eap/mschapv2.ts';
import type { PeerMethod } from '../../ike/auth/eap/roles.ts';
import type { Question, Reply } from '../../ike/questions.ts';
import type { Answerer } from '../answerer.ts';
import { waysOf } from './local.ts';
import { Peer, type PeerChoice } from './peer.ts';
import { PeapPeerPhase, SilentPhase, TtlsPeerPhase } from './peer-phases.ts';
import type { EapPorts } from './ports.ts';
import { Sessions } from './sessions.ts';
import { wrongWith } from './tls-certificates.ts';
import { type PeerPhase, TlsPeer } from './tls-peer.ts';

type PeerQuestion = Extract<Question, { t: 'eapPeer' }>;
type Wrong = { readonly wrong: string };

/** What we do inside of TTLS and PEAP, whose server has shown its certificate. */
const INNER: readonly MethodWay[] = ['eap-mschapv2', 'eap-md5'];

export interface EapPeerAnswererOptions {
  readonly ports: EapPorts;
  /** ms, monotonic. */
  readonly now: () => number;
}

export class EapPeerAnswerer implements Answerer<'eapPeer'> {
  readonly #ports: EapPorts;
  readonly #sessions: Sessions<Peer>;

  constructor({ ports, now }: EapPeerAnswererOptions) {
    this.#ports = ports;
    this.#sessions = new Sessions((peer) => peer.end(), now);
  }

  async answer(question: PeerQuestion): Promise<Reply> {
    const { session, packet } = question;
    let peer = this.#sessions.of(session);
    if (!peer) {
      peer = peerFor(this.#ports, question);
      const refused = this.#sessions.begin(session, peer, undefined);
      if (refused !== undefined) return failure(refused);
    }
    const outcome = await peer
      .next(packet)
      .catch((error: unknown) => ({ t: 'fail' as const, why: `internal error: ${String(error)}` }));
    switch (outcome.t) {
      case 'answer':
        return { t: 'eap', packet: outcome.packet, outcome: 'continue' };
      case 'succeed': {
        this.#sessions.end(session, 'success');
        const { msk, method } = outcome;
        const { user } = question;
        return { t: 'eap', packet: undefined, outcome: 'success', ...(msk && { msk }), method: method.name, user };
      }
      case 'fail':
        this.#sessions.end(session, 'failure');
        return failure(outcome.why);
    }
  }

  /** Nobody will ask again in this session. Harmless if there is none. */
  forget(session: number): void {
    this.#sessions.end(session);
  }

  /** Names and values for `--globalstatus`. */
  figures(): Iterable<readonly [string, number]> {
    return this.#sessions.figures('eap.client');
  }
}

const failure = (why: string): Reply => ({ t: 'eap', packet: undefined, outcome: 'failure', why });

function peerFor(ports: EapPorts, { ways, localId, user, conn, peerId, ca, spkis }: PeerQuestion): Peer {
  const name = Buffer.from(user);
  const password = () => ports.password(user);
  const choice = (way: MethodWay): PeerChoice => {
    const method = methodOf(way);
    return { method, make: () => make(method) };
  };
  const inner = () => new Peer({ identity: name, choices: INNER.map(choice) });
  const make = (method: Method): PeerMethod | Wrong => {
    switch (method.way) {
      case 'eap-md5':
        return new Md5Peer({ name, password });
      case 'eap-mschapv2':
        return new MsChapPeer({ name, password, random: ports.random });
      case 'eap-tls': {
        const own = ports.identity(localId, conn);
        return 'wrong' in own ? own : tls(method, own, new SilentPhase());
      }
      case 'eap-ttls':
        return tls(method, { key: undefined, chain: [] }, new TtlsPeerPhase(inner(), name));
      case 'eap-peap':
        return tls(method, { key: undefined, chain: [] }, new PeapPeerPhase(inner()));
    }
  };
  const tls = (
    method: Method,
    own: { readonly key: number | undefined; readonly chain: readonly Uint8Array[] },
    phase: PeerPhase,
  ) => {
    const terms = { role: 'client', ...own, wantsCertificate: true } as const;
    const judge = (tunnel: number) => wrongWith(ports, tunnel, { id: peerId, ca, spkis });
    return new TlsPeer({ method, port: ports.tls, terms, judge, phase });
  };
  return new Peer({ identity: name, choices: waysOf(ways).map(choice) });
}
