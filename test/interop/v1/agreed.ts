/** What the daemons say they have agreed on, in one spelling: `AES_CBC_256-SHA2_256-MODP2048`. */

/** Of the newest ISAKMP SA of `conn`, by the words that libreswan and we log. */
export function agreedInLog(log: string, conn: string): string | undefined {
  const line = log
    .split('\n')
    .findLast((one) => one.includes(`"${conn}"`) && /(?:ISAKMP|IKE) SA established \{/.test(one));
  const [, cipher, hash, group] = /cipher=(\S+) integ=(\S+) group=(\w+)/.exec(line ?? '') ?? [];
  return cipher === undefined ? undefined : inOneSpelling(cipher, hash, group);
}

/** `AES_CBC-128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048` among what swanctl lists. */
export function agreedBySwanctl(listing: string): string | undefined {
  const [, cipher, hash, group] = /^ {2}(\w+(?:-\d+)?)\/\w+\/PRF_(\w+)\/(\w+)$/m.exec(listing) ?? [];
  return cipher === undefined ? undefined : inOneSpelling(cipher, hash, group);
}

/** What `ike=` asks for. */
export function agreedOn(ike: string): string {
  const [cipher, hash, group] = ike.split('-');
  const [, name, bits] = /^(3des|[a-z]+)(\d*)$/.exec(cipher) ?? [];
  const full = name === '3des' ? '3DES_CBC' : `${name.toUpperCase()}_CBC_${bits}`;
  return `${full}-${hash.toUpperCase()}-${group.toUpperCase()}`;
}

function inOneSpelling(cipher: string, hash: string, group: string): string {
  return [
    cipher.replace('-', '_').replace(/^3DES_CBC.*/, '3DES_CBC'),
    hash.replace(/^HMAC_/, ''),
    GROUPS[group] ?? group.replace('MODP_', 'MODP'),
  ].join('-');
}

const GROUPS: Readonly<Record<string, string>> = {
  ECP_256: 'DH19',
  ECP_384: 'DH20',
  ECP_521: 'DH21',
  MODP_1024_160: 'DH22',
  MODP_2048_224: 'DH23',
  MODP_2048_256: 'DH24',
};

/** How many ISAKMP SAs of `conn` have come to be, by a log of any of the three. */
export function establishedIn(log: string, conn: string): number {
  const ours = `"${conn}"`;
  return log.split('\n').filter((line) => {
    if (line.includes(ours)) return /(?:ISAKMP|IKE) SA established \{/.test(line);
    return line.includes(`IKE_SA ${conn}[`) && line.includes(' established between');
  }).length;
}
