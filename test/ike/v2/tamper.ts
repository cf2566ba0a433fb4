/** A peer that has the keys and means ill: what it sends in place of a message, and what nobody has asked it for. */
import { openMessage, sealMessage } from '../../../src/ike/v2/channel.ts';
import type { IkeSa } from '../../../src/ike/v2/ike-sa.ts';
import { Turn } from '../../../src/ike/v2/turn.ts';
import { decodeMessage, encodeMessage, type Payload } from '../../../src/ike/wire/index.ts';
import type { Host, Running } from './host.ts';
import type { InFlight, Wire } from './wire.ts';

type Change = (payloads: readonly Payload[]) => readonly Payload[];

/** `flight`, which `sender` has sent whole, with other payloads: sealed as before, with the same keys. */
export function tampered(sender: Host, flight: InFlight, change: Change): InFlight {
  const decoded = decodeMessage(flight.bytes);
  if (!decoded.ok) throw new Error('sent what does not parse');
  const { header, payloads } = decoded.value;
  if (payloads.at(-1)?.type !== 'SK') return { ...flight, bytes: encodeMessage(header, change(payloads)) };
  for (const running of sender.sas.values()) {
    for (const keys of [running.keys, running.former]) {
      if (!keys) continue;
      const role = running.sa.role === 'initiator' ? 'responder' : 'initiator';
      const opened = openMessage(withKeys(running.sa, { role, keys }), decoded.value, flight.bytes);
      if (opened.t !== 'payloads') continue;
      const [bytes] = sealMessage(withKeys(running.sa, { keys }), header, change(opened.payloads), sender.env);
      return { ...flight, bytes };
    }
  }
  throw new Error('sent what nobody can open');
}

/** As `tampered`, of all payloads of a type. */
export const withPayload = (type: Payload['type'], other: (payload: Payload) => readonly Payload[]): Change => {
  return (payloads) => payloads.flatMap((p) => (p.type === type ? other(p) : [p]));
};

/** A request of `sender`'s that its own rows would not make; its answer is one to a sign of life. */
export function sendRequest(wire: Wire, sender: Host, exchange: number, payloads: readonly Payload[]): void {
  const running: Running | undefined = sender.established() ?? [...sender.sas.values()][0];
  if (!running) throw new Error(`${sender.name} has no IKE SA`);
  const turn = new Turn(running.sa, sender.env);
  turn.request(exchange, payloads, { kind: 'liveness' });
  for (const out of turn.outs)
    if (out.t === 'send')
      wire.send({
        ...{ from: out.local, to: out.peer, bytes: out.bytes },
        ...{ text: 'forged', isFromWest: sender.name === 'west' },
      });
}

const withKeys = (sa: IkeSa, other: Partial<IkeSa>): IkeSa =>
  Object.assign(Object.create(Object.getPrototypeOf(sa)), sa, other);
