/** The connection that whack's command line describes, as pluto is told. */
import type { ConnText, Request } from '../control/protocol.ts';
import { debugWords } from './whack-debug.ts';
import { WHACK_OPTIONS } from './whack-options.ts';
import type { WhackLine } from './whack-parse.ts';

/** With `--delete` it takes the place of the one there is. */
export function addRequest(line: WhackLine): Request {
  return { kind: line.normal.has('delete') ? 'replace' : 'add', conn: connText(line) };
}

/** Why it is none. */
export function whyNoConnection({ normal, ends, hasTo, conn, pfsgroup }: WhackLine): string | undefined {
  if (!normal.has('name')) return 'missing --name, which a connection needs';
  if (!hasTo) return 'connection missing --to between its ends';
  if (!ends[0].has('')) return 'connection missing --host before --to';
  if (!ends[1].has('')) return 'connection missing --host after --to';
  if (pfsgroup !== undefined && !conn.has('esp')) return '--pfsgroup needs --esp';
  const authby = conn.get('authby')?.split(',') ?? [];
  if (conn.get('keyexchange') === 'ikev1' && authby.some((word) => word.startsWith('ecdsa')))
    return 'connection cannot use --ecdsa with --ikev1';
  if (conn.get('phase2') === 'esp+ah' && conn.get('keyexchange') !== 'ikev1')
    return '"--authenticate" contradicts "--encrypt" without --ikev1';
  const isShunt = ['passthrough', 'drop', 'reject'].includes(conn.get('type') ?? '');
  if (authby.includes('never') && !isShunt) return '--auth-never needs one of --pass, --drop and --reject';
  return undefined;
}

/** The first end is left: which of them is us, the daemon finds out. */
function connText(line: WhackLine): ConnText {
  const { normal, ends, conn, pfsgroup } = line;
  const left = [...ends[0]].map(([key, value]) => [`left${key}`, value]);
  const right = [...ends[1]].map(([key, value]) => [`right${key}`, value]);
  const aside = ASIDE.flatMap(({ name, keyword }) => (normal.has(name) ? [[keyword, normal.get(name)]] : []));
  const debug = debugWords(line);
  const keywords = Object.fromEntries([
    ...left,
    ...right,
    ...conn,
    ...(pfsgroup === undefined ? [] : [['esp', `${conn.get('esp')};${pfsgroup}`]]),
    ...aside,
    ...(debug ? [['plutodebug', debug.join(',')]] : []),
  ]) as Record<string, string>;
  return { name: normal.get('name') ?? '', file: 'whack', line: 0, keywords };
}

/** Options that are keywords only beside a connection. */
const ASIDE = [...WHACK_OPTIONS.values()].filter(({ group, keyword }) => group === 'normal' && keyword !== undefined);
