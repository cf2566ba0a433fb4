/** What the warriors propose and how they prove who they are: one row per bar of handshake cost, in every daemon's words. */
import { encrById, groupById, integById, prfById } from '../../../src/ike/crypto/algorithms.ts';
import type { ChildSuite, IkeSuite } from '../../../src/ike/crypto/keys.ts';
import { ENCR_ID, INTEG_ID, KE_ID, PRF_ID } from '../../../src/ike/wire/index.ts';

export type Auth = 'psk' | 'rsa' | 'p256';

export interface Profile {
  readonly name: string;
  readonly title: string;
  readonly auth: Auth;
  /** IKEv1, and its mode of phase 1. */
  readonly v1?: 'main' | 'aggressive';
  readonly ike: IkeSuite;
  readonly child: ChildSuite;
  /** `ike=` and `esp=`, the same for libreswan and for us. */
  readonly conn: { readonly ike: string; readonly esp: string };
  /** `proposals` and `esp_proposals`. */
  readonly swanctl: { readonly ike: string; readonly esp: string };
}

export const SECRET = 'one for all in this bench';
export const GATEWAY_ID = 'gw.bench.test';

const known = <T>(row: T | undefined): T => {
  if (row === undefined) throw new Error('the registry lacks an algorithm of the bench');
  return row;
};

const x25519Gcm = {
  ike: {
    encr: known(encrById(ENCR_ID.ENCR_AES_GCM_16)),
    encrBits: 128,
    prf: known(prfById(PRF_ID.PRF_HMAC_SHA2_256)),
    integ: undefined,
    group: known(groupById(KE_ID.CURVE25519)),
  },
  child: { protocol: 'esp', encr: known(encrById(ENCR_ID.ENCR_AES_GCM_16)), encrBits: 128, esn: false },
  conn: { ike: 'aes_gcm128-sha2_256-dh31', esp: 'aes_gcm128-none' },
  swanctl: { ike: 'aes128gcm16-prfsha256-x25519', esp: 'aes128gcm16' },
} as const;

const modpCbc = {
  ike: {
    encr: known(encrById(ENCR_ID.ENCR_AES_CBC)),
    encrBits: 128,
    prf: known(prfById(PRF_ID.PRF_HMAC_SHA2_256)),
    integ: known(integById(INTEG_ID.AUTH_HMAC_SHA2_256_128)),
    group: known(groupById(KE_ID.MODP2048)),
  },
  child: {
    protocol: 'esp',
    encr: known(encrById(ENCR_ID.ENCR_AES_CBC)),
    encrBits: 128,
    integ: known(integById(INTEG_ID.AUTH_HMAC_SHA2_256_128)),
    esn: false,
  },
  conn: { ike: 'aes128-sha2_256-modp2048', esp: 'aes128-sha2_256' },
  swanctl: { ike: 'aes128-sha256-modp2048', esp: 'aes128-sha256' },
} as const;

const ecpCbc = {
  ...modpCbc,
  ike: { ...modpCbc.ike, group: known(groupById(KE_ID.ECP_256)) },
  conn: { ...modpCbc.conn, ike: 'aes128-sha2_256-dh19' },
  swanctl: { ...modpCbc.swanctl, ike: 'aes128-sha256-ecp256' },
} as const;

export const PROFILES = {
  psk: { name: 'psk', title: 'PSK, x25519, AES-128-GCM', auth: 'psk', ...x25519Gcm },
  modp: { name: 'modp', title: 'PSK, MODP2048, AES-CBC and SHA-256', auth: 'psk', ...modpCbc },
  rsa: { name: 'rsa', title: 'RSA-2048 certificates, x25519', auth: 'rsa', ...x25519Gcm },
  p256: { name: 'p256', title: 'ECDSA P-256 certificates, x25519', auth: 'p256', ...x25519Gcm },
  'v1-psk': { name: 'v1-psk', title: 'IKEv1 Main Mode, PSK, ECP256, AES-CBC', auth: 'psk', v1: 'main', ...ecpCbc },
  'v1-modp': { name: 'v1-modp', title: 'IKEv1 Main Mode, PSK, MODP2048, AES-CBC', auth: 'psk', v1: 'main', ...modpCbc },
  'v1-aggressive': {
    ...{ name: 'v1-aggressive', title: 'IKEv1 Aggressive Mode, PSK, ECP256, AES-CBC' },
    ...{ auth: 'psk', v1: 'aggressive', ...ecpCbc },
  },
} as const satisfies Readonly<Record<string, Profile>>;

export type ProfileName = keyof typeof PROFILES;
