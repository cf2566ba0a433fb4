/** `--listall` and its parts: keys, secrets, certificates, CRLs, timers, policy groups. */
import type {
  CertificateRow,
  ClockRow,
  CrlRow,
  EventRow,
  GroupRow,
  PublicKeyRow,
  SecretRow,
  SecretsFileRow,
} from './rows.ts';
import { BLANK, connName } from './text.ts';
import { type Clock, expiry, instant } from './time.ts';

const IN = '       ';

/** Two lines, three with an issuer. */
export function publicKeyLines(row: PublicKeyRow, clock: Clock): string[] {
  const key = `${`${row.bits}`.padStart(4)} ${row.algorithm} Key ${row.keyId}`;
  const until = `until ${instant(row.until, clock)} ${expiry(row.until, clock)}`;
  return [
    `${instant(row.installed, clock)}, ${key} (${row.hasPrivate ? 'has' : 'no'} private key), ${until}`,
    `${IN}${row.idType} '${row.id}'`,
    ...(row.issuer === undefined ? [] : [`${IN}Issuer '${row.issuer}'`]),
  ];
}

export function secretsFileLines({ file }: SecretsFileRow): string[] {
  return [BLANK, `List of Pre-shared secrets (from ${file})`, BLANK];
}

/** `    3: PSK @west @east`. */
export function secretLine({ line, kind, ids }: SecretRow): string {
  const [first = '%any', second, ...more] = ids;
  return `${`${line}`.padStart(5)}: ${kind} ${first}${second === undefined ? '' : ` ${second}`}${more.length > 0 ? ' more' : ''}`;
}

export function certificateLines(row: CertificateRow, clock: Clock): string[] {
  return [
    BLANK,
    `${row.isCa ? 'CA' : 'End'} certificate "${row.nickname}" - SN: 0x${row.serialNumber}`,
    `  subject: ${row.subject}`,
    `  issuer: ${row.issuer}`,
    `  not before: ${instant(row.notBefore, clock)}`,
    `  not after: ${instant(row.notAfter, clock)} ${expiry(row.notAfter, clock)}`,
    `  ${row.bits} bit ${row.algorithm}${row.hasPrivate ? ': has private key' : ''}`,
  ];
}

export function crlLines(row: CrlRow, clock: Clock): string[] {
  return [
    BLANK,
    `issuer: ${row.issuer}`,
    `revoked certs: ${row.revoked}`,
    `updates: this ${instant(row.thisUpdate, clock)}`,
    `         next ${instant(row.nextUpdate, clock)} ${expiry(row.nextUpdate, clock)}`,
  ];
}

export function clockLine({ now }: ClockRow): string {
  return `it is now: ${now} seconds since monotonic epoch`;
}

/** `event REPLACE schd: 28800s (in 27786s) "w-e" #1`. */
export function eventLine(row: EventRow): string {
  const { name, at, inSeconds, serial, conn, instance } = row;
  if (serial === undefined) return `global periodic timer ${name} is scheduled for ${at} (in ${inSeconds}s)`;
  const whose = conn === undefined ? '' : ` ${connName({ conn, ...(instance ? { instance } : {}) })}`;
  return `event ${name} schd: ${at}s (in ${inSeconds}s)${whose} #${serial}`;
}

/** `"private"    10.1.0.0/16    /etc/ipsec.d/policies/private:3`. */
export function groupLine(row: GroupRow): string {
  return `${connName(row)}    ${row.subnet}    ${row.file}:${row.line}`;
}
