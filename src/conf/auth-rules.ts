/** How the ends prove who they are: what cannot be together, and what does nothing. RFC 7296 §2.15 and §2.16. */
import type { Side } from './keywords.ts';
import { KEY_KEYWORDS } from './raw-key.ts';
import { type Case, has, ignoredByIkev1, type Judgement, moot, type Rule, says, warning } from './rule.ts';

export const AUTH_RULES: Readonly<Record<string, readonly Rule[]>> = {
  authby: [
    (c, value) => {
      const isNever = Array.isArray(value) && value.includes('never');
      if (isNever && !c.isShunt) return 'never needs type=passthrough, reject or drop';
      return c.isShunt && !isNever ? `type=${String(c.settings.get('type')?.value)} authenticates nobody` : undefined;
    },
  ],
  ppk: [ignoredByIkev1],
  'ppk-ids': [
    (c) => (has(c, 'ppk') && !says(c, 'ppk', 'no') ? undefined : moot('without ppk=yes or ppk=insist it is ignored')),
  ],
  'sha1-signatures': [ignoredByIkev1],
};

/** `us` is the side that the keyword was said of, `them` the other one. */
export function authRules(us: Side, them: Side): Readonly<Record<string, readonly Rule[]>> {
  return {
    auth: [
      (c) => (has(c, `${them}auth`) ? undefined : 'leftauth= and rightauth= go together'),
      (c) => (c.version === 1 ? 'needs IKEv2; authby= is for both' : undefined),
      (c, value) => (c.isShunt && value !== 'never' ? 'nothing is authenticated, so it can only be never' : undefined),
      (c, value) => needsMethod(c, us, value),
      (c, value) => signsBy(c, value),
      (c, value) =>
        (value === 'secret' && says(c, `${them}auth`, 'null')) || (value === 'null' && says(c, `${them}auth`, 'secret'))
          ? 'secret and null do not mix'
          : undefined,
      (c, value) =>
        isEap(value) && !provesBoth(value) && isEap(c.settings.get(`${them}auth`)?.value)
          ? `${value} does not prove both ends: the other must prove itself by a signature or a secret (RFC 5998 §4)`
          : undefined,
      (c, value) =>
        isEap(value) && says(c, `${them}auth`, 'null')
          ? warning(`the user proves itself to somebody who proves nothing (${them}auth=null)`)
          : undefined,
    ],
    auth2: [
      (c) => (has(c, `${us}auth`) ? undefined : `needs ${us}auth=, of which it is the second`),
      (_, value) => (value === 'never' ? 'never is no proof' : undefined),
      (c, value) => needsMethod(c, us, value),
      (c, value) => signsBy(c, value),
    ],
    eapid: [
      (c) =>
        isEap(c.settings.get(`${us}auth`)?.value) || isEap(c.settings.get(`${us}auth2`)?.value)
          ? undefined
          : moot(`without EAP in ${us}auth= it is ignored`),
    ],
    id2: [(c) => (has(c, `${us}auth2`) ? undefined : moot(`without ${us}auth2= it is ignored`))],
    cert2: [(c) => (has(c, `${us}auth2`) ? undefined : moot(`without ${us}auth2= it is ignored`))],
    id: [
      (c, value) => {
        if (value !== '%fromcert') return undefined;
        const auth = c.settings.get(`${us}auth`)?.value ?? soleAuthby(c);
        return auth === 'secret' || auth === 'null' ? `authby=${auth} has no certificate to take it from` : undefined;
      },
    ],
    cert: [
      (c) => (has(c, `${us}ckaid`) ? warning(`${us}ckaid= is ignored beside it`) : undefined),
      (c) =>
        KEY_KEYWORDS.some((key) => isKey(c.settings.get(us + key)?.raw))
          ? warning('the public key beside it is ignored')
          : undefined,
    ],
  };
}

/** And no word such as `%cert`. */
const isKey = (text: string | undefined): boolean => text !== undefined && text !== '' && !text.startsWith('%');

const isEap = (value: unknown): value is string => typeof value === 'string' && value.startsWith('eap');

/** Those that are safe where nothing else proves the server. */
const provesBoth = (value: string): boolean => /^eap(only|-tls|-ttls|-peap)?$/.test(value);

const needsMethod = (c: Case, us: Side, value: unknown): Judgement | undefined =>
  value === 'eaponly' && (c.settings.get(`${us}autheap`)?.value ?? 'none') === 'none'
    ? `eaponly needs ${us}autheap=`
    : undefined;

/** `leftauth=rsasig` chooses among what `authby=` allows. */
function signsBy(c: Case, auth: unknown): Judgement | undefined {
  const authby = c.settings.get('authby')?.value;
  if ((auth !== 'rsasig' && auth !== 'ecdsa' && auth !== 'eddsa') || !Array.isArray(authby)) return undefined;
  const isAllowed = authby.some((word) => word.toLowerCase().startsWith(auth.slice(0, 3)));
  return isAllowed ? undefined : `${auth} needs authby=${auth} too`;
}

function soleAuthby({ settings }: Case): string | undefined {
  const authby = settings.get('authby')?.value;
  return Array.isArray(authby) && authby.length === 1 ? authby[0].toLowerCase() : undefined;
}
