/**
 * The native addon, typed. Nothing in here decides anything: it names numbers, loads the library, and turns system
 * errors into faults.
 *
 *   crypt.ts     passwords by crypt(3) and PAM
 *   crypto.ts    OpenSSL, for what every handshake needs
 *   ecdsa.ts     the same for signatures of peers
 *   udp.ts       UDP sockets and what a data plane asks of them
 *   netlink.ts   messages to and from the kernel
 *   rtnetlink.ts addresses, links, routes, rules
 *   here         peer credentials, TUN devices
 */
import { addon } from './addon.ts';
import { attempt, type SystemFault } from './fault.ts';

export { localAddresses } from './addresses.ts';
export { checkCrypt, checkPam } from './crypt.ts';
export { type Crypto, openCrypto } from './crypto.ts';
export { type Ecdsa, openEcdsa } from './ecdsa.ts';
export { isFault, type SystemFault, systemFault } from './fault.ts';
export * from './netlink.ts';
export * from './rtnetlink.ts';
export * from './udp.ts';

export interface Credentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** Who connected a UNIX socket, as the kernel saw it then (SO_PEERCRED). */
export const peerCredentials = (fd: number): Credentials | SystemFault =>
  attempt(() => addon().peerCredentials(fd), 'SO_PEERCRED');

/** TUN_F_* of linux/if_tun.h: what the kernel may leave for us to do. */
export const TUN_OFFLOAD = { checksum: 0x01, tso4: 0x02, tso6: 0x04, uso4: 0x20, uso6: 0x40 } as const;

export interface Tun {
  /** Non-blocking; the caller closes it, and the device goes with it. */
  readonly fd: number;
  readonly name: string;
  readonly ifindex: number;
}

/**
 * A TUN device of that name (`%d` is filled in). With `vnetHeader` each packet is preceded by a virtio_net_hdr of 10
 * octets; `offloads` (TUN_OFFLOAD bits) need it.
 */
export const openTun = (
  name: string,
  options: { readonly vnetHeader?: boolean; readonly offloads?: number } = {},
): Tun | SystemFault => attempt(() => addon().openTun(name, options.vnetHeader ?? false, options.offloads ?? 0), name);
