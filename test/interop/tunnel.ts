/**
 * The tunnel that every interop scenario makes, as data: what differs between scenarios is a field here, and each
 * implementation's files are written from it. Both ends call it `net`.
 */

import { type Inner, innerLines, swanctlInner } from './inner.ts';
import { fillSwanctl, type Proof, proofLines, type Second, secondLines } from './proof.ts';
import type { V1 } from './v1/conn.ts';

/** Encryption as ipsec.conf spells it; an AEAD has no separate integrity algorithm. */
export type Encryption = 'aes_gcm128' | 'aes_gcm256' | 'aes128' | 'aes256' | 'chacha20_poly1305';
export type Group = 'dh31' | 'modp2048' | 'dh19';

/** Secrets besides the first key exchange: RFC 8784, RFC 9242, RFC 9370. */
export interface Mixing {
  readonly ppk?: { readonly mode: 'permit' | 'insist'; readonly id: string; readonly secret: string };
  /** Only libreswan and we can be told. */
  readonly intermediate?: boolean;
  /** Additional key exchanges of the IKE SA and of its children, in order, by the names that all have for them. */
  readonly ike?: readonly string[];
  readonly esp?: readonly string[];
}

export interface Tunnel {
  readonly encryption: Encryption;
  /** Accepted groups, the first offered as the guess in IKE_SA_INIT. */
  readonly groups: readonly Group[];
  /** Outer and inner addresses; `4` unless said. */
  readonly family?: 4 | 6;
  /** Seconds between liveness checks; none unless said. */
  readonly liveness?: number;
  /** Only the responder: demand a cookie from everybody. */
  readonly demandsCookies?: boolean;
  /** Identities and proposals so long that the IKE_AUTH request does not fit into one packet. */
  readonly isLong?: boolean;
  /** UDP encapsulation with no NAT in between: strongSwan's kernel-libipsec knows nothing else. */
  readonly encapsulates?: boolean;
  /** How each end proves who it is; a shared secret unless said. */
  readonly proofs?: { readonly west: Proof; readonly east: Proof };
  /** What they prove besides; strongSwan and we can be told. */
  readonly seconds?: { readonly west?: Second; readonly east?: Second };
  /** Identities, without the `@`, in place of `west.test` and `east.test`. */
  readonly ids?: { readonly west?: string; readonly east?: string };
  /** More lines for strongswan.conf's `charon` section; more lines for our conn; for our `config setup`. */
  readonly charon?: string;
  readonly conn?: readonly string[];
  /** The same for libreswan's conn. */
  readonly libreswan?: readonly string[];
  readonly setup?: readonly string[];
  /** Of whoever proves itself by EAP; `swordfish` unless said. */
  readonly password?: string;
  /** More lines for our ipsec.secrets. */
  readonly secrets?: readonly string[];
  /** CRLs that we are given, PEM. */
  readonly crls?: readonly string[];
  readonly mixing?: Mixing;
  /** Seconds that an end's clock is ahead, under the shim. */
  readonly clockAhead?: number;
  /** Addresses that one end gives the other, in place of what lies behind the two. */
  readonly inner?: Inner;
  /** In place of all of the above but `charon` and `setup`: connections of IKEv1. */
  readonly v1?: V1;
}

/** One end's view: its own addresses and the other's. */
export interface Ends {
  readonly me: End;
  readonly peer: End;
}
export interface End {
  readonly id: string;
  /** `%any` where the other end cannot know it (behind a NAT). */
  readonly address: string;
  readonly subnet: string;
  readonly proof: Proof;
  readonly second?: Second | undefined;
}

export const presharedKey = 'correct horse battery staple';

const isAead = (name: Encryption): boolean => name.includes('gcm') || name.includes('poly');

/** `ike=` and `esp=` of ipsec.conf, the same words for libreswan and for us. */
export function ikeProposals({ encryption, groups, mixing }: Tunnel): string {
  const more = (mixing?.ike ?? []).map((name, i) => `;addke${i + 1}=${name}`).join('');
  return groups.map((group) => `${encryption}-sha2_256-${group}${more}`).join(',');
}
export function espProposals({ encryption, isLong, groups, mixing }: Tunnel): string {
  const cipher = isAead(encryption) ? `${encryption}-none` : `${encryption}-sha2_256`;
  const more = (mixing?.esp ?? []).map((name, i) => `;addke${i + 1}=${name}`).join('');
  const first = mixing?.esp ? `${cipher}-${groups[0]}${more}` : cipher;
  const others = ciphers.flatMap((cipher) => hashes.map((hash) => `${cipher}-${hash}`));
  return isLong ? [first, ...others].join(',') : first;
}
const ciphers = ['aes128', 'aes192', 'aes256', 'camellia128', 'camellia256'];
const hashes = ['sha1', 'sha2_256', 'sha2_384', 'sha2_512'];

/** ipsec.conf's conn, without what only one of its readers knows: those lines come as `more`. */
export async function ipsecConf(tunnel: Tunnel, { me, peer }: Ends, more: readonly string[] = []): Promise<string> {
  const seconds = secondLines(me.second, peer.second);
  const proofs = [...(await proofLines(me.proof, peer.proof, seconds.length > 0)), ...seconds];
  return [
    'config setup',
    ...(tunnel.demandsCookies ? ['\tddos-mode=busy'] : []),
    ...(tunnel.setup ?? []).map((line) => `\t${line}`),
    '',
    'conn net',
    ...proofs.map((line) => `\t${line}`),
    `\tleft=${me.address}`,
    `\tleftid=@${me.id}`,
    `\tright=${peer.address}`,
    `\trightid=@${peer.id}`,
    ...innerLines(tunnel.inner, { me, peer }).map((line) => `\t${line}`),
    `\tike=${ikeProposals(tunnel)}`,
    `\tesp=${espProposals(tunnel)}`,
    ...(tunnel.liveness === undefined ? [] : [`\tdpddelay=${tunnel.liveness}`, '\tretransmit-timeout=4s']),
    ...(tunnel.encapsulates ? ['\tencapsulation=yes'] : []),
    ...mixingLines(tunnel).map((line) => `\t${line}`),
    ...more.map((line) => `\t${line}`),
    '\tauto=add',
    '',
  ].join('\n');
}

const mixingLines = ({ mixing }: Tunnel): string[] => [
  ...(mixing?.ppk ? [`ppk=${mixing.ppk.mode}`] : []),
  ...(mixing?.intermediate ? ['intermediate=yes'] : []),
];

export function ipsecSecrets(
  { me, peer }: Ends,
  { password = 'swordfish', secrets = [], mixing }: Pick<Tunnel, 'password' | 'secrets' | 'mixing'> = {},
): string {
  const ppk = mixing?.ppk ? `@${me.id} @${peer.id} : PPKS "${mixing.ppk.id}" "${mixing.ppk.secret}"\n` : '';
  const users = [me, peer].filter(({ proof }) => proof.by === 'eap');
  const passwords = users.map(({ id, proof }) => `${userOf(proof) ?? id} : EAP "${password}"\n`);
  return `@${me.id} @${peer.id} : PSK "${presharedKey}"\n${passwords.join('')}${ppk}${secrets.map((line) => `${line}\n`).join('')}`;
}

const strongSwanEncryption: Readonly<Record<Encryption, string>> = {
  aes_gcm128: 'aes128gcm16',
  aes_gcm256: 'aes256gcm16',
  aes128: 'aes128',
  aes256: 'aes256',
  chacha20_poly1305: 'chacha20poly1305',
};
/** Takes the IKE_SA_INIT that strongswan.ts leaves half-open. */
const decoy = `decoy { version = 2
    local_addrs = 127.0.0.1
    remote_addrs = 127.0.0.1
    proposals = aes256gcm16-prfsha256-x25519
    local { auth = psk }
    remote { auth = psk }
  }`;

/** `aes256-sha2_512` as strongSwan says it. */
function respell(proposal: string): string {
  const [cipher, hash] = proposal.split('-') as [Encryption, string];
  return [strongSwanEncryption[cipher] ?? cipher, ...(hash === 'none' ? [] : [hash.replace('sha2_', 'sha')])].join('-');
}
const strongSwanGroup: Readonly<Record<Group, string>> = { dh31: 'x25519', modp2048: 'modp2048', dh19: 'ecp256' };

/** Fills swanctl's folders too. */
export async function swanctlConf(tunnel: Tunnel, { me, peer }: Ends, directory: string): Promise<string> {
  const { local, remote } = await fillSwanctl(directory, me.proof, peer.proof);
  const encryption = strongSwanEncryption[tunnel.encryption];
  const prf = isAead(tunnel.encryption) ? 'prfsha256' : 'sha256';
  const { mixing } = tunnel;
  const inner = swanctlInner(tunnel.inner, { me, peer });
  const groups = tunnel.groups.map((group) => strongSwanGroup[group]);
  const added = (names: readonly string[] = []) => names.map((name, i) => `-ke${i + 1}_${name}`).join('');
  // libreswan's pfs=yes wants a group when a child is rekeyed; strongSwan leaves it out of IKE_AUTH by itself.
  const esp = espProposals(tunnel)
    .split(',')
    .map((proposal) => `${respell(proposal)}-${groups.join('-')}${added(mixing?.esp)}`);
  return `connections {
  ${tunnel.demandsCookies ? decoy : ''}
  net {
    version = 2
    local_addrs = ${me.address}
    remote_addrs = ${peer.address}
    proposals = ${groups.map((group) => `${encryption}-${prf}-${group}${added(mixing?.ike)}`).join(', ')}
    mobike = no
    encap = ${tunnel.encapsulates ? 'yes' : 'no'}
    ${inner.connection}
    dpd_delay = ${tunnel.liveness ?? 0}s
    ${mixing?.ppk ? `ppk_id = ${mixing.ppk.id}` : ''}
    ppk_required = ${mixing?.ppk?.mode === 'insist' ? 'yes' : 'no'}
    local { ${local}
      id = ${me.id} }
    remote { ${remote}
      id = ${peer.id} }
    ${await swanctlSeconds({ me, peer }, directory)}
    children {
      net {
        ${inner.child}
        esp_proposals = ${esp.join(', ')}
        dpd_action = clear
      }
    }
  }
}
${inner.file}
secrets {
  ike-net { id-1 = ${me.id}
    id-2 = ${peer.id}
    secret = "${presharedKey}" }
  ${eapSecrets([me, peer], tunnel)}
  ${mixing?.ppk ? `ppk-net { id-1 = ${mixing.ppk.id}\n    secret = "${mixing.ppk.secret}" }` : ''}
}
`;
}

async function swanctlSeconds({ me, peer }: Ends, directory: string): Promise<string> {
  const nothing: Proof = { by: 'secret' };
  const sections = await fillSwanctl(directory, me.second?.proof ?? nothing, peer.second?.proof ?? nothing);
  const local = me.second ? `local-2 { ${sections.local}\n      id = ${me.second.id} }` : '';
  const remote = peer.second ? `remote-2 { ${sections.remote}\n      id = ${peer.second.id} }` : '';
  return `${local}\n    ${remote}`;
}

const userOf = (proof: End['proof']): string | undefined => (proof?.by === 'eap' ? proof.user : undefined);

function eapSecrets(ends: readonly End[], { password = 'swordfish' }: Tunnel): string {
  const users = ends.filter(({ proof }) => proof.by === 'eap');
  return users
    .map(({ id, proof }, i) => `eap-${i} { id = ${userOf(proof) ?? id}\n    secret = "${password}" }`)
    .join('\n  ');
}
