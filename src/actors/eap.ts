/** EAP, tied to the daemon: its secrets, keys and certificates on one side, who answers IKE SAs on the other. */
import type { SecretStore } from '../conf/secret-store.ts';
import type { SignatureWay } from '../ike/crypto/signature/choice.ts';
import type { ChainRules } from '../ike/effects.ts';
import type { AuthRound } from '../ike/policy.ts';
import type { Id } from '../net/id.ts';
import type { Answerer } from '../services/answerer.ts';
import { EapAnswerer } from '../services/eap/answerer.ts';
import type { EapBackend } from '../services/eap/backend.ts';
import { LocalEap } from '../services/eap/local.ts';
import { EapPeerAnswerer } from '../services/eap/peer-answerer.ts';
import type { EapPorts, TlsIdentity } from '../services/eap/ports.ts';
import { TlsRemote } from '../services/eap/tls-remote.ts';
import { realClock } from '../services/fetch/clock.ts';
import type { CertificateStore } from '../services/store/certificate-store.ts';
import { chooseKey } from './key-choice.ts';
import type { KeyRing } from './key-ring.ts';
import type { Clock } from './runtime/index.ts';
import type { LogLevel } from './world.ts';

export interface DaemonEapOptions {
  readonly secrets: () => SecretStore;
  readonly keys: KeyRing;
  readonly certificates: CertificateStore;
  /** How a connection's own end proves itself, by its name: `leftcert=` may say with what. */
  readonly oursOf: (conn: string) => AuthRound | undefined;
  readonly rules: () => ChainRules;
  readonly revocation: Answerer<'revocation'>;
  /** Absent: no RADIUS servers are configured. */
  readonly radius: EapBackend | undefined;
  readonly clock: Clock;
  readonly random: (octets: number) => Uint8Array;
  readonly log: (level: LogLevel, text: string) => void;
}

export class DaemonEap {
  readonly answerers: { readonly eap: EapAnswerer; readonly eapPeer: EapPeerAnswerer };
  readonly #tls: TlsRemote;

  constructor(options: DaemonEapOptions) {
    const { secrets, keys, certificates, rules, revocation, radius, clock, random, log } = options;
    this.#tls = new TlsRemote({
      shelves: { keys: keys.shelf.shared, trust: certificates.trust.shared },
      clock: realClock,
      onError: (text) => log('warn', text),
    });
    const ports: EapPorts = {
      password: (user) => secrets().findEap(user)?.reveal(),
      identity: (localId, conn) => identityOf(options, localId, conn),
      tls: this.#tls,
      onRefused: (text) => log('warn', text),
      random,
      rules,
      lookUp: async (wants) => {
        const reply = await revocation.answer({ t: 'revocation', wants });
        if (reply.t === 'revocation') for (const problem of reply.problems) log('info', problem);
      },
    };
    const now = () => clock.now();
    this.answerers = {
      eap: new EapAnswerer({
        local: new LocalEap(ports),
        ...(radius && { radius }),
        onGone: (text) => log('info', text),
        isOurs: (user) => secrets().findEap(user) !== undefined,
        now,
      }),
      eapPeer: new EapPeerAnswerer({ ports, now }),
    };
  }

  /** Names and values for `--globalstatus`. */
  *figures(): Generator<readonly [string, number]> {
    yield* this.answerers.eap.figures();
    yield* this.answerers.eapPeer.figures();
  }

  close(): Promise<void> {
    return this.#tls.stop();
  }
}

/** In TLS every kind of key will do. */
const ANY_KEY: readonly SignatureWay[] = ['rsa-sha2_256', 'ecdsa-sha2_256', 'eddsa'];

/** As for our own signatures: `leftcert=`, or the certificate that names us. */
function identityOf(
  { keys, certificates, oursOf, rules }: DaemonEapOptions,
  id: Id,
  conn: string,
): TlsIdentity | { readonly wrong: string } {
  const ours = oursOf(conn);
  const round: AuthRound = {
    ...{ id, ways: ANY_KEY, sendCert: 'always', keysFromDns: false },
    ...{ key: ours?.key, ca: ours?.ca },
  };
  const chosen = chooseKey({ round, id, said: [], keys, certificates, now: rules().at });
  if ('wrong' in chosen) return chosen;
  const { key, certificate } = chosen;
  if (certificate === undefined) return { wrong: `there is no certificate for ${id}` };
  const issuers = certificates.issuersOf(certificate).filter(({ isSelfIssued }) => !isSelfIssued);
  return { key: key.number, chain: [certificate.der, ...issuers.map(({ der }) => der)] };
}
