/** Vendor IDs: how IKEv1 tells what it can, each an MD5 of a text or a constant. RFC 3947 §3.1, RFC 3706 §5.1. */
import type { Payload } from './wire/index.ts';

const row = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));

export const VENDOR = {
  NAT_RFC: row('4a131c81070358455c5728f20e95452f'),
  NAT_DRAFT_03: row('7d9419a65310ca6f2c179d9215529d56'),
  NAT_DRAFT_02_N: row('90cb80913ebb696e086381b5ec427b1f'),
  NAT_DRAFT_02: row('cd60464335df21f87cfdb2fc68b6a448'),
  /** The form of fragments that Cisco and Microsoft began; some add four octets of flags. */
  FRAGMENTATION: row('4048b7d56ebce88525e7de7f00d6c2d3'),
  DPD: row('afcad71368a1f1c96b8696fc77570100'),
  XAUTH: row('09002689dfd6b712'),
  /** Two octets of a version follow. */
  UNITY: row('12f5f28c457168a9702d9fe274cc'),
} as const;

/** Cisco's of its VPN clients. */
export const UNITY_VERSION = Uint8Array.of(1, 0);

export const vendorId = (data: Uint8Array): Payload => ({ type: 'VID', data });

/** Whether it is among them, alone or with more behind it. */
export const hasVendor = (payloads: readonly Payload[], vendor: Uint8Array): boolean =>
  payloads.some((p) => p.type === 'VID' && Buffer.compare(p.data.subarray(0, vendor.length), vendor) === 0);
