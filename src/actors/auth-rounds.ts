/** How each end proves who it is (`authby=`, `leftauth=` and what goes with them), as the protocol has it. */
import { DEFAULT_AUTHBY, DEFAULT_AUTHBY_V1 } from '../conf/authby.ts';
import type { Authby, Conn, End, EndAuth } from '../conf/conn.ts';
import type { AuthRound, AuthWay, KeyName, Policy } from '../ike/policy.ts';
import type { Id } from '../net/id.ts';

/** What `policy` has for our end. `ca`: that of `%same`, settled. */
export const ourRounds = (conn: Conn, us: End, ca: Id | undefined): Policy['ours'] => roundsOf(conn, us, ca);

/** For the peer's. */
export const theirRounds = (conn: Conn, them: End, ca: Id | undefined): Policy['theirs'] => roundsOf(conn, them, ca);

function roundsOf(conn: Conn, end: End, ca: Id | undefined): Policy['ours'] {
  const { keys, auth } = end;
  const ways = auth === undefined ? conn.authby : waysOf(auth, conn, end);
  const first = shared({
    ways,
    id: undefined,
    key: keyOf(end),
    ca,
    sendCert: keys.sendCert,
    keysFromDns: keys.fromDns,
    eapId: keys.eapId,
  });
  if (!keys.second) return alone(first);
  const { auth: auth2, id, cert } = keys.second;
  const key = cert === undefined ? first.key : ({ t: 'cert', name: cert } as const);
  return Object.freeze([first, shared({ ...first, ways: waysOf(auth2, conn, end), id, key })]);
}

function waysOf(auth: EndAuth, { authby }: Conn, { keys }: Pick<End, 'keys'>): readonly AuthWay[] {
  const isDefault = authby === DEFAULT_AUTHBY || authby === DEFAULT_AUTHBY_V1;
  const signatures = authby.filter(isSignature);
  switch (auth) {
    case 'rsasig':
      return chosen(authby, (way) => way.startsWith('rsa'));
    case 'ecdsa':
      return chosen(authby, (way) => way.startsWith('ecdsa'));
    case 'pubkey':
      return isDefault || signatures.length === 0 ? ANY_SIGNATURE : signatures;
    case 'eaponly':
      return keys.eap === 'tls' ? EAP_TLS : NEVER;
    default:
      return SINGLE[auth];
  }
}

/** Of what `authby=` allows; of the default, where it is about something else. */
function chosen(authby: readonly Authby[], test: (way: Authby) => boolean): readonly AuthWay[] {
  const found = authby.filter(test);
  return found.length > 0 ? found : DEFAULT_AUTHBY.filter(test);
}

const isSignature = (way: Authby) => way !== 'secret' && way !== 'null' && way !== 'never';

const ANY_SIGNATURE: readonly AuthWay[] = Object.freeze([...DEFAULT_AUTHBY, 'eddsa'] as const);
const EAP_TLS: readonly AuthWay[] = Object.freeze(['eap-tls'] as const);
const NEVER: readonly AuthWay[] = Object.freeze(['never'] as const);

const single = <W extends AuthWay>(way: W): Readonly<Record<W, readonly AuthWay[]>> =>
  ({ [way]: Object.freeze([way]) }) as unknown as Readonly<Record<W, readonly AuthWay[]>>;
const SINGLE = {
  ...single('never'),
  ...single('secret'),
  ...single('null'),
  ...single('eddsa'),
  ...single('eap'),
  ...single('eap-tls'),
  ...single('eap-mschapv2'),
  ...single('eap-md5'),
  ...single('eap-ttls'),
  ...single('eap-peap'),
  ...single('eap-radius'),
};

/** Raw keys have no name; they are found by whose they are. */
function keyOf({ keys: { cert, ckaid } }: End): KeyName | undefined {
  return cert === undefined ? ckaid && { t: 'ckaid', ckaid } : { t: 'cert', name: cert };
}

/** The same for policies that ask for the same proofs and give the same. */
export function proofKey({ ours, theirs, ppk, sha1, idOnCertificate }: Policy): string {
  const rounds = ours === theirs ? roundsText(ours) : `${roundsText(ours)} | ${roundsText(theirs)}`;
  return ppk === 'no' && !sha1 && idOnCertificate ? rounds : `${rounds} ${ppk} ${sha1} ${idOnCertificate}`;
}

function roundsText(rounds: Policy['ours']): string {
  let text = TEXTS.get(rounds);
  if (text === undefined) {
    text = rounds.map(roundText).join(' + ');
    TEXTS.set(rounds, text);
  }
  return text;
}

const TEXTS = new WeakMap<Policy['ours'], string>();

function roundText({ ways, id, key, ca, sendCert, keysFromDns, eapId }: AuthRound): string {
  const name = key && (key.t === 'cert' ? `cert ${key.name}` : `ckaid ${Buffer.from(key.ckaid).toString('hex')}`);
  return [ways.join(), id?.key, name, ca?.key, sendCert, keysFromDns, eapId].join('\n');
}

// --- equal rounds are one object ---------------------------------------------------------------------------------

const ROUNDS = new Map<string, AuthRound>();
const ALONE = new WeakMap<AuthRound, Policy['ours']>();
/** Ten thousand conns with a certificate each share nothing, and need not be remembered. */
const MOST_REMEMBERED = 1_000;

function shared(round: AuthRound): AuthRound {
  const text = roundText(round);
  const known = ROUNDS.get(text);
  if (known) return known;
  if (ROUNDS.size >= MOST_REMEMBERED) ROUNDS.clear();
  const frozen = Object.freeze(round);
  ROUNDS.set(text, frozen);
  return frozen;
}

function alone(round: AuthRound): Policy['ours'] {
  let rounds = ALONE.get(round);
  if (!rounds) {
    rounds = Object.freeze([round] as const);
    ALONE.set(round, rounds);
  }
  return rounds;
}
