/**
 * The Debian package of a shared library, from its soname, by the rule of Debian Policy §8.1: `libldns.so.3` is in
 * `libldns3`, `libsasl2.so.2` in `libsasl2-2`. Libraries that share a package are in the table.
 */
const together: Readonly<Record<string, string>> = {
  'libnss3.so': 'libnss3',
  'libnssutil3.so': 'libnss3',
  'libsmime3.so': 'libnss3',
  'libssl3.so': 'libnss3',
  'libnspr4.so': 'libnspr4',
  'libplc4.so': 'libnspr4',
  'libplds4.so': 'libnspr4',
  'libcurl-nss.so.4': 'libcurl3-nss',
  'liblber-2.5.so.0': 'libldap-2.5-0',
};

export function packageOf(soname: string): string {
  const [stem, version] = soname.split('.so.');
  const name = (stem ?? soname).toLowerCase().replaceAll('_', '-');
  return together[soname] ?? `${name}${/\d$/.test(name) ? '-' : ''}${version ?? ''}`;
}
