/** Rows of --listall and its parts. Times are seconds since 1970 unless said. */
import { CONN_NAME } from './rows-states.ts';
import { flag, list, optional, text, whole, wordOf } from './shape.ts';

export const PUBLIC_KEY = {
  algorithm: wordOf(['RSA', 'ECDSA', 'EdDSA']),
  bits: whole(),
  keyId: text('the first octets of the key, in base 64'),
  ckaid: text('in hex'),
  hasPrivate: flag(),
  installed: whole(),
  until: optional(whole('absent: it does not expire')),
  idType: text('ID_FQDN…; %any: of whoever has it'),
  id: text(),
  issuer: optional(text('of the certificate that it came with')),
};

export const SECRETS_FILE = { file: text('where secrets are read from') };

export const SECRET = {
  file: text(),
  line: whole(),
  kind: wordOf(['PSK', 'XAUTH', 'EAP', 'RADIUS', 'PPKS', 'RSA', 'ECDSA', 'PKCS8', 'P12', 'PIN']),
  ids: list(text(), 'for whom; empty: everybody'),
};

export const CERTIFICATE = {
  nickname: text('of its file; of those behind the first in a file, the common name'),
  isCa: flag(),
  subject: text(),
  issuer: text(),
  serialNumber: text('in hex'),
  algorithm: text(),
  bits: whole(),
  hasPrivate: flag(),
  notBefore: whole(),
  notAfter: whole(),
  ckaid: text('of its key, in hex'),
  names: list(text(), 'alternative names, those that can be identities'),
  file: text(),
};

export const CRL = { issuer: text(), revoked: whole(), thisUpdate: whole(), nextUpdate: optional(whole()) };

export const CLOCK = { now: whole('seconds of a clock that never goes back') };

export const EVENT = {
  name: text('REKEY, EXPIRE, RETRANSMIT…'),
  at: whole('seconds of the same clock'),
  inSeconds: whole(),
  serial: optional(whole('#n of the state; absent: the daemon’s own')),
  conn: optional(CONN_NAME.conn),
  instance: CONN_NAME.instance,
};

/** A member of a policy group, and the connection that it belongs to. */
export const GROUP = { ...CONN_NAME, subnet: text(), file: text(), line: whole() };
