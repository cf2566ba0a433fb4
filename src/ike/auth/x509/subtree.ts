/** Which names are within a subtree of name constraints: RFC 5280 §4.2.1.10, a rule for each kind of name. */
import { type GeneralName, ia5Text, NAME } from './general-name.ts';
import { nameKey } from './name.ts';

/** Whether `name` is within `base`, both of one type; undefined where that cannot be said. */
export function isWithin(base: GeneralName, name: GeneralName): boolean | undefined {
  switch (base.type) {
    case NAME.dns:
      return isBelow(hostOf(ia5Text(name)), hostOf(ia5Text(base)));
    case NAME.email:
      return isMailWithin(ia5Text(name).toLowerCase(), ia5Text(base).toLowerCase());
    case NAME.uri:
      return isUriWithin(ia5Text(name), hostOf(ia5Text(base)));
    case NAME.ip:
      return isAddressWithin(name.value, base.value);
    case NAME.dn:
      return isNameWithin(nameKey(name.value), nameKey(base.value));
    default:
      return undefined;
  }
}

/** As names are compared: without regard to case, and to the dot that ends them. */
const hostOf = (text: string): string => text.toLowerCase().replace(/(?<=.)\.$/, '');

/** `example.com` and what is below; with a dot in front only that, as NSS and OpenSSL have it. */
function isBelow(host: string, base: string): boolean {
  if (base === '' || host === base) return true;
  return host.endsWith(base.startsWith('.') ? base : `.${base}`);
}

/** A mailbox, all mailboxes of a host, or (with a dot in front) of the hosts below. */
function isMailWithin(mailbox: string, base: string): boolean {
  if (base === '') return true;
  if (base.includes('@')) return mailbox === base;
  const host = hostOf(mailbox.slice(mailbox.lastIndexOf('@') + 1));
  return base.startsWith('.') ? host.endsWith(hostOf(base)) : host === hostOf(base);
}

/** By its host, which must be a name. */
function isUriWithin(uri: string, base: string): boolean | undefined {
  const match = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#:@[\]]+)(?::\d*)?(?:[/?#]|$)/i.exec(uri);
  if (match === null || /^[\d.]+$/.test(match[1])) return undefined;
  const host = hostOf(match[1]);
  return base.startsWith('.') ? host.endsWith(base) : host === base;
}

/** `base`: address and mask, of the same family. */
function isAddressWithin(address: Uint8Array, base: Uint8Array): boolean {
  if (base.length !== 2 * address.length) return false;
  return address.every((octet, i) => ((octet ^ base[i]) & base[address.length + i]) === 0);
}

/** It begins with all RDNs of `base`; both as `nameKey` writes them. */
const isNameWithin = (name: string, base: string): boolean =>
  base === '' || name === base || name.startsWith(`${base},`);
