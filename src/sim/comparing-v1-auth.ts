/** Who proves what in IKEv1: one way for both ends, a secret that is found before anybody has a name, XAUTH, Mode Config. */
import type { Method } from '../ike/v1/offers.ts';
import { methodsOf } from '../ike/v1/offers.ts';
import { Id } from '../net/id.ts';
import { signatureDisagreements } from './comparing-auth.ts';
import { lacks, otherSecrets, type Party } from './comparing-both.ts';
import { kindFor, RSA_WAYS } from './pretended.ts';

export function authV1(asker: Party, asked: Party): readonly string[] {
  const unable = [asker, asked].filter(({ policy }) => methodsOf(policy).length === 0);
  if (unable.length > 0)
    return unable.map(
      ({ name }) =>
        `${name} has no way of proof for IKEv1: both ends have the same there, authby=secret or authby=rsasig`,
    );
  const method = methodOf(asker, asked);
  if (!method) return [`${asker.name} proposes ${words(asker)}, ${asked.name} wants ${words(asked)}`];
  if (method === 'secret') return [];
  const kinds = [
    [asker, asked],
    [asked, asker],
  ].flatMap(([one, other]) => {
    const kind = keyOf(one, other);
    return kind === 'rsa' ? [] : [`IKEv1 signs with RSA, and the key of ${one.name} is ${kind}`];
  });
  if (kinds.length > 0) return kinds;
  return [...signatureDisagreements(asker, asked), ...signatureDisagreements(asked, asker)];
}

const words = ({ policy }: Party): string =>
  methodsOf(policy)
    .map((method) => WORDS[method])
    .join(' or ');
const WORDS: Readonly<Record<Method, string>> = { secret: 'secret', rsa: 'rsasig' };

/** The first that the asker can do, in its order, and the asked allows. */
function methodOf(asker: Party, asked: Party): Method | undefined {
  const allowed = methodsOf(asked.policy);
  const common = methodsOf(asker.policy).filter((method) => allowed.includes(method));
  const can = common.find((method) =>
    method === 'secret' ? secretOfAsker(asker, asked) : keyOf(asker, asked) === 'rsa',
  );
  return can ?? common.at(0);
}

const keyOf = ({ own }: Party, { expects }: Party) =>
  kindFor(RSA_WAYS, RSA_WAYS, { own: own.keys, expected: expects.keys });

const secretOfAsker = (asker: Party, asked: Party) => asker.secret(remoteOf(asker, asked));
const remoteOf = ({ policy }: Party, { seenAt }: Party): Id => policy.remoteId ?? Id.ofAddress(seenAt);

/** RFC 2409 §5.4: in Main Mode the responder needs it before it is told who asks. */
export function secretsV1(asker: Party, asked: Party): readonly string[] {
  if (methodOf(asker, asked) !== 'secret') return [];
  const [ofAsker, ofAsked] = [asker.policy.localId, asked.policy.localId];
  const isMain = !asker.policy.v1?.aggressive;
  const mine = secretOfAsker(asker, asked);
  const named = asked.secret(ofAsker);
  const used = isMain ? asked.secret(remoteOf(asked, asker)) : named;
  const missing = [
    ...(mine ? [] : [lacks(asker.name, ofAsker, remoteOf(asker, asked))]),
    ...(used ? [] : [isMain ? lacksByAddress(asked, asker) : lacks(asked.name, ofAsked, ofAsker)]),
  ];
  if (!mine || !used) return missing;
  if (Buffer.compare(mine, used) !== 0) {
    const isOther = named && Buffer.compare(named, used) !== 0;
    return isOther ? [oneSecret(asked, asker)] : [otherSecrets(ofAsker, ofAsked)];
  }
  if (!named) return [lacks(asked.name, ofAsked, ofAsker)];
  return Buffer.compare(named, used) === 0 ? [] : [oneSecret(asked, asker)];
}

const lacksByAddress = (asked: Party, asker: Party): string =>
  asked.policy.remoteId
    ? lacks(asked.name, asked.policy.localId, asked.policy.remoteId)
    : `${asked.name} has no secret for '${asked.policy.localId}' and a peer at ${asker.seenAt}: Main Mode chooses it by address, before the peer says who it is, so its ipsec.secrets would need a line ${asked.policy.localId} %any : PSK`;

const oneSecret = (asked: Party, asker: Party): string =>
  `${asked.name} has one secret for a peer at ${asker.seenAt} and another for '${asker.policy.localId}': Main Mode chooses by address, so peers whose address is not known before must share one (%any in ipsec.secrets), or have aggressive=yes`;

/** The two parts go with the offer: nobody asks for it of who does not expect that. */
export function xauthV1(asker: Party, asked: Party): readonly string[] {
  const [a, b] = [asker.policy.v1?.xauth?.role, asked.policy.v1?.xauth?.role];
  if (a === b) return a ? [`${asker.name} and ${asked.name} are both XAUTH ${a}s`] : [];
  if (a && b) return b === 'client' ? untyped(asked, asker) : [];
  const [one, role, other] = a ? [asker, a, asked] : [asked, b, asker];
  return role === 'server'
    ? [`${one.name} asks for a user's name and password (XAUTH server), and ${other.name} is no XAUTH client`]
    : [`${one.name} is an XAUTH client, and ${other.name} is no XAUTH server`];
}

/** Who initiates may sit at whack; who is asked has no such person. */
function untyped({ name, policy, hasPassword }: Party, server: Party): readonly string[] {
  const xauth = policy.v1?.xauth;
  if (xauth?.role !== 'client' || (xauth.user !== undefined && hasPassword(xauth.user))) return [];
  return [
    `${name} is asked for a user's name and password when ${server.name} initiates, and nobody is there to type them: it would need username= of its end, and a line : XAUTH in its ipsec.secrets`,
  ];
}

/** Who leases whom an address, and who begins. */
export function configV1(asker: Party, asked: Party): readonly string[] {
  const [a, b] = [asker.policy.cp?.role, asked.policy.cp?.role];
  if (a === b) return a ? [`${asker.name} and ${asked.name} are both Mode Config ${a}s`] : [];
  if (!a || !b) {
    const [one, role, other] = a ? [asker, a, asked] : [asked, b, asker];
    return role === 'client'
      ? [`${one.name} wants an inner address (Mode Config client), and ${other.name} leases none`]
      : [`${one.name} leases an inner address (Mode Config server), and ${other.name} wants none`];
  }
  const [client, server] = a === 'client' ? [asker, asked] : [asked, asker];
  const waits = client.policy.v1?.modeConfig === 'push' && server.policy.v1?.modeConfig === 'pull';
  return waits
    ? [
        `${client.name} waits to be told its inner address (modecfgpull=no), and ${server.name} to be asked for it (modecfgpull=yes)`,
      ]
    : [];
}
