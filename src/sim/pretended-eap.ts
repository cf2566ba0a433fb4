/** EAP and XAUTH without users: the two ends agree on a method, and whoever asks is let in. */
import { createHash } from 'node:crypto';
import { NO_SERVICES, type Services } from '../actors/world.ts';
import type { EapWay } from '../ike/policy.ts';
import type { Question, Reply } from '../ike/questions.ts';

/** Replies come a moment later, as from anybody who is asked. */
export function pretendedServices(soon: (callback: () => void) => void): Services {
  return {
    ask: (id, question, owner) => {
      const reply = replyTo(question);
      if (!reply) return NO_SERVICES.ask(id, question, owner);
      soon(() => owner.tell({ t: 'reply', id, reply }));
    },
    forgetEap: () => {},
    figures: NO_SERVICES.figures,
  };
}

function replyTo(question: Question): Reply | undefined {
  switch (question.t) {
    case 'eap':
      return authenticator(question);
    case 'eapPeer':
      return peer(question);
    case 'xauth':
      return { t: 'xauth', ok: true, addresses: [] };
    default:
      return undefined;
  }
}

/** RFC 3748 §4: code, identifier, length, and for requests and responses a type: that of experiments. */
const [REQUEST, RESPONSE, SUCCESS] = [1, 2, 3];
const EXPERIMENTAL = 255;

function packet(code: number, text?: string): Uint8Array {
  const body = text === undefined ? [] : [EXPERIMENTAL, ...new TextEncoder().encode(text)];
  return Uint8Array.of(code, 1, 0, 4 + body.length, ...body);
}

/** The same at both ends. */
const MSK = new Uint8Array(createHash('sha512').update('taken for granted').digest());

function authenticator({ ways, packet: heard }: Extract<Question, { t: 'eap' }>): Reply {
  if (!heard) return { t: 'eap', packet: packet(REQUEST, ways.join()), outcome: 'continue' };
  const [method, user] = new TextDecoder().decode(heard.subarray(5)).split('\n', 2);
  return { t: 'eap', packet: packet(SUCCESS), outcome: 'success', msk: MSK.slice(), method, user };
}

function peer({ ways, user, packet: heard }: Extract<Question, { t: 'eapPeer' }>): Reply {
  if (heard[0] === SUCCESS) return { t: 'eap', packet: undefined, outcome: 'success', msk: MSK.slice(), method: 'EAP' };
  const asked = new TextDecoder().decode(heard.subarray(5)).split(',') as EapWay[];
  const method = commonMethod(asked, ways);
  if (method === undefined) return { t: 'eap', packet: undefined, outcome: 'failure', why: 'no method of both ends' };
  return { t: 'eap', packet: packet(RESPONSE, `${method}\n${user}`), outcome: 'continue' };
}

/** `eap` and `eap-radius` leave it to the other end, or to a server. */
export function commonMethod(ours: readonly EapWay[], theirs: readonly EapWay[]): EapWay | undefined {
  const isOpen = (way: EapWay) => way === 'eap' || way === 'eap-radius';
  if (ours.some(isOpen)) return theirs.find((way) => !isOpen(way)) ?? theirs.at(0);
  return theirs.some(isOpen) ? ours.at(0) : ours.find((way) => theirs.includes(way));
}
