/**
 * `ipsec showhostkey`: the public halves of this host's keys. Which one is said by its CKAID or key id, or the start of
 * it; of a single key nothing need be said.
 */
import { hostname } from 'node:os';
import { FAILURE_EXIT } from '../ask.ts';
import { placesOf } from '../host-keys/places.ts';
import { type HostKey, readHostKeys } from '../host-keys/read.ts';
import { confLines, dumpLines, ipseckeyLine, jsonOf, listLine, pemText } from '../host-keys/show.ts';
import type { IpsecLine } from '../ipsec-line.ts';
import type { Output } from '../output.ts';

/** libreswan's statuses. */
const UNFIT_EXIT = 5;
const NO_KEY_EXIT = 20;
const USAGE_EXIT = 2;

const WAYS = ['left', 'right', 'ipseckey', 'pem', 'list', 'dump'] as const;
type Way = (typeof WAYS)[number];
type Options = ReadonlyMap<string, string>;

export async function run({ options }: Pick<IpsecLine, 'options'>, output: Output): Promise<number> {
  const refuse = (text: string, exit = USAGE_EXIT) => {
    output.err(`ipsec showhostkey: ${text}`);
    return exit;
  };
  const ways = WAYS.filter((way) => options.has(way) || (way === 'ipseckey' && options.has('gateway')));
  const [way] = ways;
  if (way === undefined || ways.length > 1) return refuse(`expected one of ${WAYS.map((w) => `--${w}`).join(', ')}`);
  const isAll = way === 'list' || way === 'dump';
  const selected = options.has('ckaid') || options.has('rsaid');
  if (selected && (isAll || (options.has('ckaid') && options.has('rsaid'))))
    return refuse(isAll ? `--${way} shows all keys` : '--ckaid and --rsaid say the same');
  const precedence = options.get('precedence') ?? '10';
  if (!/^\d{1,3}$/.test(precedence) || Number(precedence) > 255)
    return refuse('--precedence: expected 0 to 255', UNFIT_EXIT);

  const places = placesOf(options);
  if ('wrong' in places) return refuse(places.wrong, FAILURE_EXIT);
  const found = readHostKeys({ ...places, secretsFile: options.get('file') ?? places.secretsFile });
  const isLoud = options.has('verbose') || found.keys.length === 0;
  for (const line of [...found.errors, ...(isLoud ? found.warnings : [])]) output.err(line);
  if (isAll) {
    await output.out(allOf(found.keys, way, options.has('json')));
    return 0;
  }
  const keys = found.keys.filter((key) => isMeant(key, options));
  if (keys.length === 0) return refuse('no keys found', NO_KEY_EXIT);
  if (keys.length > 1) {
    refuse('there are several keys; say --ckaid');
    for (const key of keys) output.err(listLine(key, found.keys.indexOf(key) + 1));
    return USAGE_EXIT;
  }
  const text = options.has('json')
    ? `${JSON.stringify(jsonOf(keys[0]), undefined, 2)}\n`
    : textOf(keys[0], way, Number(precedence), options);
  if (text === undefined) return refuse('--gateway: expected an address or a name', UNFIT_EXIT);
  await output.out(text);
  return 0;
}

function allOf(keys: readonly HostKey[], way: 'list' | 'dump', asJson: boolean): string {
  if (asJson) return `${JSON.stringify(keys.map(jsonOf), undefined, 2)}\n`;
  const lines = keys.flatMap((key, i) => (way === 'list' ? [listLine(key, i + 1)] : dumpLines(key, i + 1)));
  return lines.map((line) => `${line}\n`).join('');
}

function isMeant({ ckaid, keyId }: HostKey, options: Options): boolean {
  const wanted = options.get('ckaid')?.toLowerCase().replace(/^0x/, '').replaceAll(':', '');
  if (wanted !== undefined) return wanted !== '' && ckaid.startsWith(wanted);
  return keyId === (options.get('rsaid') ?? keyId);
}

function textOf(hostKey: HostKey, way: Way, precedence: number, options: Options): string | undefined {
  switch (way) {
    case 'left':
    case 'right':
      return confLines(hostKey, way, options.has('pubkey'))
        .map((line) => `${line}\n`)
        .join('');
    case 'ipseckey': {
      const line = ipseckeyLine(hostKey.key, { host: hostname(), precedence, gateway: options.get('gateway') });
      return line && `${line}\n`;
    }
    default:
      return pemText(hostKey.key);
  }
}
