/** The names in DNS under which identities have their keys. Peers choose identities: nothing but a clean name passes. */
import type { Address } from '../../net/address.ts';
import { Address as Addresses } from '../../net/address.ts';
import { ID_TYPES, type Id } from '../../net/id.ts';

/** RFC 1035 §2.3.4, in text without the last dot. */
const LONGEST_NAME = 253;
/** Host names as RFC 1123 §2.1 has them, and the underscores of RFC 8552. */
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** Lower case and without a last dot; or why there is none, as the rest of "no keys in DNS: ". RFC 4025 §1.2. */
export function nameOf(id: Id): string | { readonly wrong: string } {
  switch (id.type) {
    case ID_TYPES.ID_FQDN:
      return hostName(Buffer.from(id.data).toString('latin1'));
    case ID_TYPES.ID_IPV4_ADDR:
    case ID_TYPES.ID_IPV6_ADDR: {
      const octets = id.type === ID_TYPES.ID_IPV4_ADDR ? 4 : 16;
      if (id.data.length !== octets) return { wrong: `${id.typeName} of ${id.data.length} octets` };
      return reverseName(Addresses.fromBytes(id.data));
    }
    default:
      return { wrong: `an identity of type ${id.typeName} has no name there` };
  }
}

/** A name of at least two labels: one without a dot would be asked of the root's servers. */
export function hostName(text: string): string | { readonly wrong: string } {
  const name = text.toLowerCase().replace(/\.$/, '');
  if (name.length > LONGEST_NAME) return { wrong: `a name of ${name.length} characters is longer than DNS allows` };
  const labels = name.split('.');
  if (!labels.every((label) => LABEL.test(label))) return { wrong: 'its identity is no host name' };
  return labels.length > 1 ? name : { wrong: 'its name has no domain' };
}

/** `1.2.0.192.in-addr.arpa`, or 32 nibbles in `ip6.arpa`. RFC 1035 §3.5, RFC 3596 §2.5. */
export function reverseName(address: Address): string {
  const octets = [...address.toBytes()];
  if (address.family === 4) return `${octets.reverse().join('.')}.in-addr.arpa`;
  const nibbles = octets.flatMap((octet) => [octet >> 4, octet & 15]).map((nibble) => nibble.toString(16));
  return `${nibbles.reverse().join('.')}.ip6.arpa`;
}
