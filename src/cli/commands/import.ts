/**
 * `ipsec import`: keys and certificates from PKCS#12, PEM or DER, or from an NSS database, to where pluto looks for them.
 * Either all of it is there afterwards, or nothing.
 */
import { readFileSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import { wipe } from '../../ike/crypto/misc.ts';
import type { Wrong } from '../../ike/crypto/signature/public-key.ts';
import type { Id } from '../../net/id.ts';
import { FAILURE_EXIT } from '../ask.ts';
import { type Contents, MOST_OCTETS, readContents } from '../host-keys/contents.ts';
import { type Placement, planImport } from '../host-keys/import-plan.ts';
import { readNss } from '../host-keys/nss.ts';
import { passphraseIn } from '../host-keys/passphrase.ts';
import { placesOf } from '../host-keys/places.ts';
import { errnoOf, writeFiles } from '../host-keys/write-files.ts';
import type { IpsecLine } from '../ipsec-line.ts';
import type { Output } from '../output.ts';
import { typedAtTerminal } from '../typing.ts';

const USAGE_EXIT = 2;

export interface ImportPorts {
  readonly ask: (question: string) => Promise<string | undefined>;
  /** ms since 1970. */
  readonly now: () => number;
}

interface Source {
  readonly name: string;
  readonly contents: Contents;
}

export async function run(
  { operands, options }: Pick<IpsecLine, 'operands' | 'options'>,
  output: Output,
  ports: ImportPorts = { ask: typedAtTerminal, now: Date.now },
): Promise<number> {
  const fail = (text: string, exit = FAILURE_EXIT) => {
    output.err(`ipsec import: ${text}`);
    return exit;
  };
  const nss = options.get('nss');
  if ((nss === undefined) === (operands.length === 0))
    return fail('expected a file, or --nss DIR and no file', USAGE_EXIT);
  if (options.has('nickname') && nss === undefined) return fail('--nickname is for --nss; --name is', USAGE_EXIT);
  if (options.has('name') && operands.length > 1) return fail('--name is for one file', USAGE_EXIT);
  const places = placesOf(options);
  if ('wrong' in places) return fail(places.wrong);
  const sources = nss === undefined ? await fromFiles(operands, options, ports) : fromNss(nss, options);
  if ('wrong' in sources) return fail(sources.wrong);

  const placed: Placement[] = [];
  for (const { name, contents } of sources) {
    const planning = { dir: places.dir, name: options.get('name'), fallback: posix.parse(name).name, read: readAny };
    const plan = planImport(contents, planning);
    if ('wrong' in plan) return fail(`${name}: ${plan.wrong}`);
    for (const one of plan) {
      const twin = placed.find(({ path }) => path === one.path);
      // Each file may bring the same authorities.
      if (twin && Buffer.compare(twin.octets, one.octets) !== 0) return fail(`two things would be ${one.path}`);
      if (!twin) placed.push(one);
    }
  }
  const isDry = options.has('dry-run');
  const files = placed.flatMap(({ how, path, octets }) =>
    how === 'same' ? [] : [{ path, octets, replaces: how === 'replaces' }],
  );
  const failed = isDry ? undefined : writeFiles(files);
  for (const { kind, octets } of placed) if (kind === 'key') wipe(octets);
  if (failed) return fail(failed.wrong);

  if (options.has('json')) await output.out(`${JSON.stringify(placed.map(jsonOf), undefined, 2)}\n`);
  else await output.out(placed.map((one) => `${lineOf(one, isDry)}\n`).join(''));
  for (const text of remarks(placed, ports.now() / 1000)) output.err(text);
  if (!isDry && files.length > 0) output.err('`ipsec rereadall` shows them to pluto');
  return 0;
}

/** Files ask for their passphrases only if an empty one does not open them. */
async function fromFiles(
  paths: readonly string[],
  options: ReadonlyMap<string, string>,
  { ask }: ImportPorts,
): Promise<readonly Source[] | Wrong> {
  const file = options.get('password-file');
  const given = file === undefined ? options.get('password') : passphraseIn(file);
  if (typeof given === 'object') return given;
  const sources: Source[] = [];
  for (const path of paths) {
    const octets = readFile(path);
    if ('wrong' in octets) return octets;
    let contents = readContents(octets, given ?? '');
    if ('isLocked' in contents && given === undefined) {
      const typed = await ask(`Passphrase of ${path}: `);
      if (typed === undefined) return { wrong: `${path}: it has a passphrase: say --password-file FILE` };
      contents = readContents(octets, typed);
    }
    wipe(octets);
    if ('wrong' in contents) return { wrong: `${path}: ${contents.wrong}` };
    sources.push({ name: posix.basename(path), contents });
  }
  return sources;
}

function fromNss(dir: string, options: ReadonlyMap<string, string>): readonly Source[] | Wrong {
  const items = readNss({ dir, nickname: options.get('nickname'), passwordFile: options.get('password-file') });
  if ('wrong' in items) return items;
  const sources: Source[] = [];
  for (const { nickname, octets, passphrase } of items) {
    const contents = readContents(octets, passphrase);
    if ('wrong' in contents) return { wrong: `"${nickname}": ${contents.wrong}` };
    const named = contents.certificates.map((one, i) => (i === 0 && !one.name ? { ...one, name: nickname } : one));
    sources.push({ name: nickname, contents: { ...contents, certificates: named } });
  }
  return sources;
}

function readFile(path: string): Uint8Array | Wrong {
  try {
    const stat = statSync(path);
    if (!stat.isFile()) return { wrong: `${path} is no file` };
    if (stat.size > MOST_OCTETS) return { wrong: `${path} is larger than ${MOST_OCTETS} octets` };
    return Uint8Array.from(readFileSync(path));
  } catch (e) {
    return { wrong: `cannot read ${path}: ${errnoOf(e)}` };
  }
}

function readAny(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch (e) {
    // What cannot be read is there, and is not what we bring.
    return errnoOf(e) === 'ENOENT' ? undefined : new Uint8Array();
  }
}

const WHATS = { key: 'private key', certificate: 'certificate', authority: 'authority', crl: 'CRL' } as const;

function lineOf({ kind, name, path, how, about }: Placement, isDry: boolean): string {
  const done = isDry ? 'would be' : 'is';
  const where = how === 'same' ? 'is there already' : how === 'new' ? `${done} in` : `${done} the new`;
  const place = how === 'same' ? `${where}: ${path}` : `${where} ${path}`;
  return `${WHATS[kind]} "${name}" ${place} (${about})`;
}

function jsonOf({ kind, name, path, how, certificate, hasKey }: Placement): object {
  if (!certificate) return { kind, name, path, state: STATES[how] };
  const { subject, issuer, notBefore, notAfter, ckaid } = certificate;
  const names = { subject: `${subject}`, issuer: `${issuer}`, names: certificate.names.map((id) => `${id}`) };
  return { kind, name, path, state: STATES[how], ...names, notBefore, notAfter, ckaid, hasKey: hasKey === true };
}

const STATES = { new: 'new', same: 'same', replaces: 'replaced' } as const;

/** What somebody will run into otherwise. */
function* remarks(placed: readonly Placement[], now: number): Generator<string> {
  for (const { name, certificate, kind } of placed) {
    if (certificate && certificate.notAfter < now) yield `warning: "${name}" has expired`;
    if (kind === 'certificate' && certificate && !certificate.isSelfIssued && !isKnown(certificate.issuer))
      yield `warning: who has issued "${name}" is not in the file: pluto needs ${certificate.issuer} in cacerts`;
  }

  function isKnown(issuer: Id): boolean {
    return placed.some(({ certificate: other }) => other?.isCa && issuer.equals(other.subject));
  }
}
