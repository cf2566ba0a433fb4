/**
 * Our authenticator behind a RADIUS server as small as can be, for eapol_test(8), which is a supplicant (wpa_supplicant's)
 * and its access point in one:
 *
 *     supplicant ── access point ── UDP, RADIUS ── gate ── LocalEap
 *
 * The access point compares the keys that we send along with those that the supplicant has made.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Address } from '../../src/net/address.ts';
import { Id } from '../../src/net/id.ts';
import type { EapConversation, EapQuestion, EapReply } from '../../src/services/eap/backend.ts';
import { LocalEap } from '../../src/services/eap/local.ts';
import type { EapPorts } from '../../src/services/eap/ports.ts';
import { attribute, every, first, MOST_OCTETS } from '../../src/services/radius/attributes.ts';
import { signMessage, signResponse, unsigned } from '../../src/services/radius/authenticator.ts';
import { type CodeName, decodePacket, encodePacket, type Packet } from '../../src/services/radius/packet.ts';
import { type Finished, run } from '../support/process.ts';
import { file, libraryPath } from './peers/prefix.ts';

const SECRET = Buffer.from('between access point and gate');
const US = '127.0.0.1';

/** One login of eapol_test: what it says, and what our end came to. */
export interface Login {
  readonly theirs: Finished;
  readonly ours: EapReply | undefined;
}

/** `network`: lines of wpa_supplicant.conf(5). */
export async function login(
  ports: EapPorts,
  ways: EapQuestion['ways'],
  network: readonly string[],
  { directory, hasKeys = true }: { readonly directory: string; readonly hasKeys?: boolean },
): Promise<Login> {
  let conversation: EapConversation | undefined;
  let ours: EapReply | undefined;
  const socket = createSocket('udp4');
  const hear = async (octets: Uint8Array, port: number, address: string) => {
    const request = decodePacket(octets);
    if ('malformed' in request) throw new Error(request.malformed);
    const packet = Buffer.concat(every(request.attributes, 'EAP-Message'));
    if (!conversation) {
      // The access point has asked for the identity itself.
      const random = (count: number) => (count === 1 ? packet.subarray(1, 2) : ports.random(count));
      conversation = new LocalEap({ ...ports, random }).open(
        question(ways, first(request.attributes, 'User-Name') ?? ''),
      );
      await conversation.next(undefined);
    }
    ours = await conversation.next(packet);
    socket.send(answer(request, ours), port, address);
  };
  socket.on('message', (octets, { port, address }) => void hear(octets, port, address));
  await new Promise<void>((resolve) => socket.bind(0, US, resolve));
  const conf = join(directory, 'eapol.conf');
  const lines = ['ssid="gate"', 'key_mgmt=WPA-EAP', ...network].map((line) => `  ${line}`);
  await writeFile(conf, `network={\n${lines.join('\n')}\n}\n`);
  const command = [
    ...['env', `LD_LIBRARY_PATH=${libraryPath}`, file('eapoltest', 'usr/bin/eapol_test'), '-c', conf],
    ...[
      '-a',
      US,
      '-p',
      `${socket.address().port}`,
      '-s',
      `${SECRET}`,
      '-t',
      '10',
      '-r',
      '0',
      ...(hasKeys ? [] : ['-n']),
    ],
  ];
  const theirs = await run(command);
  conversation?.close();
  await new Promise<void>((resolve) => socket.close(resolve));
  return { theirs, ours };
}

const question = (ways: EapQuestion['ways'], user: string): EapQuestion => ({
  ...{ t: 'eap', session: 1, ways, conn: 'road', packet: undefined },
  peerId: Id.parse(user) ?? Id.parse('@nobody')!,
  localId: Id.parse('@gate.test')!,
  peer: Address.parse(US)!,
  local: Address.parse(US)!,
});

const CODES = { continue: 'Access-Challenge', success: 'Access-Accept', failure: 'Access-Reject' } as const;

function answer(request: Packet, { outcome, packet, msk }: EapReply): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0; packet && at < packet.length; at += MOST_OCTETS) parts.push(packet.subarray(at, at + MOST_OCTETS));
  const code: CodeName = CODES[outcome];
  const keys = msk ? [key(17, msk.subarray(0, 32), request), key(16, msk.subarray(32), request)] : [];
  const octets = encodePacket(code, request.identifier, request.authenticator, [
    unsigned(),
    ...parts.map((part) => attribute('EAP-Message', part)),
    ...(outcome === 'continue' ? [attribute('State', Uint8Array.of(1))] : []),
    ...keys.map((value) => attribute('Vendor-Specific', value)),
  ])!;
  signMessage(octets, SECRET);
  signResponse(octets, SECRET);
  return octets;
}

/** MS-MPPE-Send-Key and MS-MPPE-Recv-Key, RFC 2548 §2.4.2. */
function key(type: number, half: Uint8Array, { authenticator }: Packet): Uint8Array {
  const salt = randomBytes(2);
  salt[0] |= 0x80;
  const plain = Buffer.alloc(48);
  plain[0] = half.length;
  plain.set(half, 1);
  let before: Uint8Array = Buffer.concat([authenticator, salt]);
  for (let at = 0; at < plain.length; at += 16) {
    const pad = createHash('md5').update(SECRET).update(before).digest();
    for (let i = 0; i < 16; i++) plain[at + i] ^= pad[i];
    before = plain.subarray(at, at + 16);
  }
  return Buffer.concat([Uint8Array.of(0, 0, 0x01, 0x37, type, 2 + 2 + plain.length), salt, plain]);
}
