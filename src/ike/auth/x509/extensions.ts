/** The extensions of certificates that say what they may be used for, RFC 5280 §4.2; the rest is refused if critical. */
import { oidText } from '../../../net/dn-names.ts';
import { context, DER, type DerCursor, primitive } from './der-cursor.ts';
import { type DistributionPoint, readDistributionPoints } from './distribution-point.ts';
import { type GeneralName, ia5Text, NAME, readGeneralName, readGeneralNames } from './general-name.ts';
import { type NameConstraints, readNameConstraints } from './name-constraints.ts';

export interface Extensions {
  /** Undefined if it says nothing of that. */
  readonly basicConstraints: { readonly isCa: boolean; readonly pathLength: number | undefined } | undefined;
  /** `KEY_USAGE` bits. */
  readonly keyUsage: number | undefined;
  /** OIDs' contents, a character for each octet. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly altNames: readonly GeneralName[];
  readonly nameConstraints: NameConstraints | undefined;
  readonly subjectKeyId: Uint8Array | undefined;
  readonly authorityKeyId: Uint8Array | undefined;
  readonly crlPoints: readonly DistributionPoint[];
  /** Of OCSP responders. */
  readonly ocspUrls: readonly string[];
  readonly policies: readonly string[] | undefined;
  readonly policyMappings: readonly (readonly [issuer: string, subject: string])[];
  readonly policyConstraints: {
    readonly requireExplicit: number | undefined;
    readonly inhibitMapping: number | undefined;
  };
  readonly inhibitAnyPolicy: number | undefined;
  /** The first critical one that is none of these: dotted. */
  readonly unknownCritical: string | undefined;
}

/** RFC 5280 §4.2.1.3, by `DerCursor.bits`. */
export const KEY_USAGE = { digitalSignature: 1, nonRepudiation: 2, keyCertSign: 32, crlSign: 64 } as const;

type Found = { -readonly [K in keyof Extensions]: Extensions[K] };

export const NO_EXTENSIONS: Extensions = {
  basicConstraints: undefined,
  keyUsage: undefined,
  extendedKeyUsage: undefined,
  altNames: [],
  nameConstraints: undefined,
  subjectKeyId: undefined,
  authorityKeyId: undefined,
  crlPoints: [],
  ocspUrls: [],
  policies: undefined,
  policyMappings: [],
  policyConstraints: { requireExplicit: undefined, inhibitMapping: undefined },
  inhibitAnyPolicy: undefined,
  unknownCritical: undefined,
};

/** SEQUENCE OF Extension, of a certificate. */
export function readExtensions(r: DerCursor): Extensions {
  const found: Found = { ...NO_EXTENSIONS };
  eachExtension(r, (oid, isCritical) => {
    const read = READERS.get(oid);
    if (read) read(r, found);
    else {
      if (isCritical) found.unknownCritical ??= dotted(oid);
      r.rest();
    }
  });
  return found;
}

/** Calls `read` with the inside of each extension's OCTET STRING open, which it reads to its end. */
export function eachExtension(r: DerCursor, read: (oid: string, isCritical: boolean) => void): void {
  const all = r.open(DER.SEQUENCE, 'extensions');
  const seen: string[] = [];
  do {
    const one = r.open(DER.SEQUENCE, 'extension');
    const oid = r.oid('extension');
    if (seen.includes(oid)) r.fail(`extension ${dotted(oid)}`, 'it is there twice');
    if (seen.push(oid) > MOST_EXTENSIONS) r.fail('extensions', `there are more than ${MOST_EXTENSIONS}`);
    const isCritical = r.flag('extension');
    const inside = r.open(DER.OCTET_STRING, 'extension');
    if (r.wrong === undefined) read(oid, isCritical);
    if (r.isDone) r.close(inside, 'extension');
    else r.fail(`extension ${dotted(oid)}`, 'something follows that does not belong there');
    r.close(one, 'extension');
  } while (!r.isDone);
  r.close(all, 'extensions');
}

const MOST_EXTENSIONS = 64;
/** Of purposes, policies and the like. */
const MOST_OIDS = 64;

export const dotted = (oid: string): string =>
  oidText(Buffer.from(oid, 'latin1')) ?? `#${Buffer.from(oid, 'latin1').toString('hex')}`;

/** 2.5.29.n */
const ce = (n: number): string => `\x55\x1d${String.fromCharCode(n)}`;
/** 2.5.29.32.0 */
export const ANY_POLICY = `${ce(32)}\0`;
/** 1.3.6.1.5.5.7.n.m */
export const pkix = (n: number, m: number): string => `\x2b\x06\x01\x05\x05\x07${String.fromCharCode(n, m)}`;

export const EXTENSION = {
  subjectKeyId: ce(14),
  keyUsage: ce(15),
  altNames: ce(17),
  basicConstraints: ce(19),
  crlNumber: ce(20),
  reasonCode: ce(21),
  deltaCrl: ce(27),
  issuingPoint: ce(28),
  certificateIssuer: ce(29),
  nameConstraints: ce(30),
  crlPoints: ce(31),
  policies: ce(32),
  policyMappings: ce(33),
  authorityKeyId: ce(35),
  policyConstraints: ce(36),
  extendedKeyUsage: ce(37),
  inhibitAnyPolicy: ce(54),
  authorityAccess: pkix(1, 1),
} as const;

type Reader = (r: DerCursor, found: Found) => void;

/** A map: an OID's octets may spell whatever every object of JavaScript has, `toString` among it. */
const READERS: ReadonlyMap<string, Reader> = new Map(
  Object.entries<Reader>({
    [EXTENSION.subjectKeyId]: (r, found) => {
      found.subjectKeyId = r.contents(DER.OCTET_STRING, 'subjectKeyIdentifier');
    },
    [EXTENSION.authorityKeyId]: (r, found) => {
      found.authorityKeyId = readAuthorityKeyId(r);
    },
    [EXTENSION.keyUsage]: (r, found) => {
      found.keyUsage = r.bits('keyUsage');
    },
    [EXTENSION.extendedKeyUsage]: (r, found) => {
      found.extendedKeyUsage = readOids(r, 'extKeyUsage', (one) => one.oid('extKeyUsage'));
    },
    [EXTENSION.basicConstraints]: (r, found) => {
      const what = 'basicConstraints';
      const outer = r.open(DER.SEQUENCE, what);
      const isCa = r.flag(what);
      const pathLength = r.tag === DER.INTEGER ? r.small('pathLenConstraint') : undefined;
      r.close(outer, what);
      found.basicConstraints = { isCa, pathLength };
    },
    [EXTENSION.altNames]: (r, found) => {
      const outer = r.open(DER.SEQUENCE, 'subjectAltName');
      found.altNames = readGeneralNames(r, 'subjectAltName');
      r.close(outer, 'subjectAltName');
      for (const { type, value } of found.altNames)
        if (type === NAME.ip && value.length !== 4 && value.length !== 16)
          r.fail('subjectAltName', `an address of ${value.length} octets`);
    },
    [EXTENSION.nameConstraints]: (r, found) => {
      found.nameConstraints = readNameConstraints(r);
    },
    [EXTENSION.crlPoints]: (r, found) => {
      found.crlPoints = readDistributionPoints(r);
    },
    [EXTENSION.authorityAccess]: (r, found) => {
      const what = 'authorityInfoAccess';
      const urls: string[] = [];
      const outer = r.open(DER.SEQUENCE, what);
      do {
        const one = r.open(DER.SEQUENCE, what);
        const method = r.oid(what);
        const place = readGeneralName(r, what);
        r.close(one, what);
        if (method === OCSP && place.type === NAME.uri && urls.length < MOST_URLS) urls.push(ia5Text(place));
      } while (!r.isDone);
      r.close(outer, what);
      found.ocspUrls = urls;
    },
    [EXTENSION.policies]: (r, found) => {
      const what = 'certificatePolicies';
      const policies = readOids(r, what, (one) => {
        const outer = one.open(DER.SEQUENCE, what);
        const policy = one.oid(what);
        one.skipIf(DER.SEQUENCE, what);
        one.close(outer, what);
        return policy;
      });
      if (new Set(policies).size < policies.length) r.fail(what, 'a policy is there twice');
      found.policies = policies;
    },
    [EXTENSION.policyMappings]: (r, found) => {
      const what = 'policyMappings';
      found.policyMappings = readOids(r, what, (one) => {
        const outer = one.open(DER.SEQUENCE, what);
        const pair = [one.oid(what), one.oid(what)] as const;
        one.close(outer, what);
        return pair;
      });
      // RFC 5280 §6.1.4 (a).
      if (found.policyMappings.flat().includes(ANY_POLICY)) r.fail(what, 'anyPolicy is mapped');
    },
    [EXTENSION.policyConstraints]: (r, found) => {
      const what = 'policyConstraints';
      const outer = r.open(DER.SEQUENCE, what);
      const requireExplicit = r.tag === primitive(0) ? r.small(what, primitive(0)) : undefined;
      const inhibitMapping = r.tag === primitive(1) ? r.small(what, primitive(1)) : undefined;
      r.close(outer, what);
      found.policyConstraints = { requireExplicit, inhibitMapping };
    },
    [EXTENSION.inhibitAnyPolicy]: (r, found) => {
      found.inhibitAnyPolicy = r.small('inhibitAnyPolicy');
    },
  }),
);

const OCSP = pkix(48, 1);
export const MOST_URLS = 4;

/** The identifier alone; a certificate is found by what it is, not by its issuer's serial number. RFC 5280 §4.2.1.1. */
export function readAuthorityKeyId(r: DerCursor): Uint8Array | undefined {
  const what = 'authorityKeyIdentifier';
  const outer = r.open(DER.SEQUENCE, what);
  const id = r.tag === primitive(0) ? r.contents(primitive(0), what) : undefined;
  r.skipIf(context(1), what);
  r.skipIf(primitive(2), what);
  r.close(outer, what);
  return id;
}

/** SEQUENCE OF, at least one. */
function readOids<T>(r: DerCursor, what: string, one: (r: DerCursor) => T): T[] {
  const all: T[] = [];
  const outer = r.open(DER.SEQUENCE, what);
  do {
    if (all.length === MOST_OIDS) r.fail(what, `there are more than ${MOST_OIDS}`);
    all.push(one(r));
  } while (!r.isDone);
  r.close(outer, what);
  return all;
}
