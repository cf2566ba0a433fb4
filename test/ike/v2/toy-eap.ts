/**
 * An EAP method for tests: the authenticator asks `rounds` times, the peer says its password each time, and both make the
 * key from it. What goes wrong is asked for by name.
 */
import { createHash } from 'node:crypto';
import type { Question, Reply } from '../../../src/ike/questions.ts';

export interface ToyOptions {
  readonly password?: string;
  readonly rounds?: number;
  /** The method makes no key, as MD5 does. */
  readonly hasNoKey?: boolean;
  readonly user?: string;
  readonly isHearsay?: boolean;
  readonly classes?: readonly string[];
  /** Of the authenticator: never content. */
  readonly isEndless?: boolean;
}

const [REQUEST, RESPONSE, SUCCESS, FAILURE] = [1, 2, 3, 4];
const TYPE = 254;

function packet(code: number, id: number, text = ''): Uint8Array {
  const data = code < SUCCESS ? [TYPE, ...Buffer.from(text)] : [];
  return Uint8Array.of(code, id, 0, 4 + data.length, ...data);
}

const mskOf = (password: string) => Uint8Array.from(createHash('sha512').update(password).digest());

/** Answers both questions of EAP: a host is one or the other in a connection, and may be both in two. */
export function toyEap(options: ToyOptions = {}): (question: Question) => Reply {
  const { password = 'secret', rounds = 2, hasNoKey, user, isHearsay, classes, isEndless } = options;
  const key = () => (hasNoKey ? {} : { msk: mskOf(password) });
  const sessions = new Map<number, number>();
  return (question) => {
    if (question.t === 'eapPeer') {
      const [code, id] = question.packet;
      if (code === SUCCESS) return { t: 'eap', packet: undefined, outcome: 'success', method: 'EAP-TOY', ...key() };
      if (code === FAILURE) return { t: 'eap', packet: undefined, outcome: 'failure', why: 'the peer says so' };
      return { t: 'eap', packet: packet(RESPONSE, id, password), outcome: 'continue' };
    }
    if (question.t !== 'eap') return { t: 'none', why: 'nobody answers' };
    const count = (sessions.get(question.session) ?? 0) + 1;
    sessions.set(question.session, count);
    if (question.packet === undefined) return { t: 'eap', packet: packet(REQUEST, 1), outcome: 'continue' };
    const said = Buffer.from(question.packet.subarray(5)).toString();
    if (said !== password)
      return { t: 'eap', packet: packet(FAILURE, count), outcome: 'failure', why: 'another password' };
    if (isEndless || count <= rounds) return { t: 'eap', packet: packet(REQUEST, count & 255), outcome: 'continue' };
    const who = {
      ...(user === undefined ? {} : { user }),
      ...(isHearsay ? { isHearsay } : {}),
      ...(classes ? { classes } : {}),
    };
    return { t: 'eap', packet: packet(SUCCESS, count), outcome: 'success', method: 'EAP-TOY', ...key(), ...who };
  };
}
