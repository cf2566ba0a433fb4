/** Keys that EAP's methods take from TLS: RFC 5216 §2.3, RFC 5281 §8, RFC 9190 §2.3, RFC 9427 §2.1. */
import type { KeyRequest, TlsPort } from './tls-port.ts';

/** 64 octets of the receiver's to wipe. `type`: the method's. Undefined: the tunnel is gone. */
export async function mskOf(
  port: TlsPort,
  tunnel: number,
  type: number,
  isTls13: boolean,
): Promise<Uint8Array | undefined> {
  // MSK and EMSK; of the second there is no use here.
  const both = await port.exportKey(tunnel, { ...(isTls13 ? tls13(type) : tls12(type)), octets: 128 });
  // A copy: the slice of a Buffer would be wiped with it.
  const msk = both && Uint8Array.from(both.subarray(0, 64));
  both?.fill(0);
  return msk;
}

/** What takes a challenge's place in TTLS: RFC 5281 §11.1. */
export const challengeOf = (port: TlsPort, tunnel: number, octets: number): Promise<Uint8Array | undefined> =>
  port.exportKey(tunnel, { label: 'ttls challenge', octets });

const TTLS = 21;

const tls13 = (type: number): Omit<KeyRequest, 'octets'> => ({
  label: 'EXPORTER_EAP_TLS_Key_Material',
  context: Uint8Array.of(type),
});
const tls12 = (type: number): Omit<KeyRequest, 'octets'> => ({
  label: type === TTLS ? 'ttls keying material' : 'client EAP encryption',
});
