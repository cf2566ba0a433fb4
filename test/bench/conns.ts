/** Conns in numbers, each with identities, subnets and a peer of its own, for `192.0.2.1`. */

export function confOf(size: number): string {
  const shared = 'conn shared\n\tleft=192.0.2.1\n\tauthby=secret\n\tike=aes_gcm256-sha2_256-dh31\n';
  const conns = Array.from({ length: size }, (_, i) => {
    const net = `${(i >> 8) & 255}.${i & 255}`;
    const lines = [
      'also=shared',
      `right=198.${18 + (i >> 16)}.${net}`,
      `leftid=@w${i}.example.com`,
      `rightid=@e${i}.example.com`,
      `leftsubnet=10.${net}.0/24`,
      `rightsubnet=11.${net}.0/24`,
      'auto=add',
    ];
    return `conn t${i}\n${lines.map((line) => `\t${line}\n`).join('')}`;
  });
  return [shared, ...conns].join('\n');
}
