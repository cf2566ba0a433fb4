/**
 * Certificates as peers show them and we show ours: what is in CERT payloads of both versions, RFC 7296 §3.6, RFC 2408
 * §3.9. X.509 certificates, alone or several in PKCS #7, and OCSP responses about them, RFC 4806.
 */
import { certificatesIn } from './auth/x509/pkcs7.ts';
import type { AuthTurn } from './auth-by-signature.ts';
import type { Credential, Directory } from './effects.ts';
import type { AuthRound, Policy } from './policy.ts';
import { CERT_ENCODING, CERT_ENCODING_NAMES } from './wire/registry.ts';

/** What a peer may have us look at: chains have three or four certificates, of one or two kB. */
export const MAX_CERTS = 10;
export const MAX_CERT_OCTETS = 49_152;
/** Of OCSP responses. */
const MAX_OCSPS = 4;

/** The body of a CERT payload. */
export interface Shown {
  readonly encoding: number;
  readonly data: Uint8Array;
}

export interface TheirCerts {
  /** DER, as they came: the leaf first. */
  readonly certs: readonly Uint8Array[];
  readonly ocsps: readonly Uint8Array[];
}

/** The certificates of a message; those that we do not take are said and left out. */
export function certsIn(
  turn: Pick<AuthTurn<never, never>, 'say' | 'debug' | 'env'>,
  shown: readonly Shown[],
): TheirCerts {
  const taken = { certs: [] as Uint8Array[], ocsps: [] as Uint8Array[] };
  let octets = 0;
  let left = 0;
  const take = (into: Uint8Array[], most: number, data: Uint8Array): void => {
    if (into.some((other) => Buffer.compare(other, data) === 0)) return;
    octets += data.length;
    if (into.length < most && octets <= MAX_CERT_OCTETS) into.push(data);
    else left++;
  };
  for (const { encoding, data } of shown) {
    switch (encoding) {
      case CERT_ENCODING.X509_SIGNATURE:
        take(taken.certs, MAX_CERTS, data);
        break;
      case CERT_ENCODING.OCSP_CONTENT:
        take(taken.ocsps, MAX_OCSPS, data);
        break;
      case CERT_ENCODING.PKCS7_WRAPPED_X509: {
        const inside = certificatesIn(data, MAX_CERTS);
        if ('wrong' in inside)
          turn.say(`peer sends PKCS #7 that cannot be read: ${inside.wrong}; ignored`, { level: 'warn' });
        else for (const one of inside) take(taken.certs, MAX_CERTS, one);
        break;
      }
      case CERT_ENCODING.X509_CERT_URL:
      case CERT_ENCODING.X509_BUNDLE_URL:
        turn.say('peer sends the URL of a certificate in place of it, which we do not fetch; ignored', {
          level: 'warn',
        });
        break;
      default:
        turn.debug(() => `CERT payload with encoding ${CERT_ENCODING_NAMES.get(encoding) ?? encoding} ignored`);
    }
  }
  if (left > 0) {
    turn.env.limited?.('certificates');
    turn.say(`peer sends more certificates than we take; ${left} of them ignored`, { level: 'warn' });
  }
  return taken;
}

/** Ours, and those that lead to its anchor, as `sendcert=` and `sendca=` want; none if it is not to be sent. */
export function ourChain(
  directory: Directory,
  { sendCa }: Policy,
  { sendCert }: AuthRound,
  credential: Credential,
  isAsked: boolean,
): readonly Uint8Array[] {
  const { certificate } = credential;
  if (!certificate || sendCert === 'never' || (sendCert === 'ifasked' && !isAsked)) return [];
  return [certificate, ...directory.issuers(credential, sendCa)];
}
