/** An authenticator and a peer of ours, and between them a link that may alter, repeat or end what they say. */

import { nameOf } from '../../../src/ike/auth/eap/identity.ts';
import type { EapWay } from '../../../src/ike/policy.ts';
import { Address } from '../../../src/net/address.ts';
import { Id } from '../../../src/net/id.ts';
import type { EapConversation, EapQuestion, EapReply } from '../../../src/services/eap/backend.ts';
import { LocalEap } from '../../../src/services/eap/local.ts';
import { EapPeerAnswerer } from '../../../src/services/eap/peer-answerer.ts';
import type { EapPorts } from '../../../src/services/eap/ports.ts';

export interface Ends {
  readonly server: EapPorts;
  readonly client: EapPorts;
  readonly offers: readonly EapWay[];
  readonly wants: readonly EapWay[];
  /** As `leftid=` writes them. */
  readonly us: string;
  readonly them: string;
  /** Whom the client expects; else `us`. */
  readonly expects?: string;
  /** What the client calls itself to EAP, if that is not `them`. */
  readonly user?: string;
  /** Whose certificates the server takes, and the client; else anybody's. */
  readonly ca?: string;
  readonly expectsCa?: string;
  /** Which keys the server takes in certificates, and the client; else any. SubjectPublicKeyInfo in DER. */
  readonly spkis?: readonly Uint8Array[];
  readonly expectsSpkis?: readonly Uint8Array[];
  /** IDi, if it is another than the client's name. */
  readonly idi?: string;
}

/** What becomes of a packet on its way: each of the octets returned is delivered in turn. */
export type Link = (packet: Uint8Array, to: 'server' | 'client', count: number) => readonly Uint8Array[];

export interface Ended {
  readonly server: EapReply;
  readonly client: EapReply | undefined;
  readonly packets: number;
}

export function question(ends: Pick<Ends, 'offers' | 'us' | 'them' | 'idi' | 'ca' | 'spkis'>): EapQuestion {
  const { offers, us, them, idi, ca, spkis } = ends;
  return {
    t: 'eap',
    session: 1,
    ways: offers,
    peerId: Id.parse(idi ?? them)!,
    localId: Id.parse(us)!,
    ca: ca === undefined ? undefined : Id.parse(ca)!,
    spkis,
    peer: Address.parse('192.0.2.2')!,
    local: Address.parse('192.0.2.1')!,
    conn: 'road',
    packet: undefined,
  };
}

/** Talks until one end says that it is over, or `most` packets have gone. */
export async function converse(ends: Ends, link: Link = (packet) => [packet], most = 300): Promise<Ended> {
  const conversation: EapConversation = new LocalEap(ends.server).open(question(ends));
  const peer = new EapPeerAnswerer({ ports: ends.client, now: () => 0 });
  const user = ends.user ?? nameOf(Id.parse(ends.them)!);
  const [localId, peerId] = [Id.parse(ends.them)!, Id.parse(ends.expects ?? ends.us)];
  const ca = ends.expectsCa === undefined ? undefined : Id.parse(ends.expectsCa)!;
  let server = await conversation.next(undefined);
  let client: EapReply | undefined;
  let packets = 0;
  for (; packets < most; ) {
    // Repeated packets have repeated answers, of which the last goes on; whoever is done hears nothing more.
    for (const packet of link(server.packet!, 'client', ++packets)) {
      if (client && client.outcome !== 'continue') break;
      const reply = await peer.answer({
        ...({ t: 'eapPeer', session: 1, ways: ends.wants, localId, user, conn: 'road', peerId, ca, packet } as const),
        spkis: ends.expectsSpkis,
      });
      if (reply.t !== 'eap') throw new Error(reply.t);
      client = reply;
    }
    if (server.outcome !== 'continue' || client?.outcome !== 'continue') break;
    for (const packet of link(client.packet!, 'server', ++packets))
      if (server.outcome === 'continue') server = await conversation.next(packet);
  }
  conversation.close();
  peer.forget(1);
  return { server, client, packets };
}
