/** whack's command line into options and two ends, by whack's own rules. */
import { canonical } from './options.ts';
import { WHACK_OPTIONS, type WhackOption } from './whack-options.ts';

/** Options by canonical name; an option without a value is the empty text. */
export interface WhackLine {
  readonly normal: ReadonlyMap<string, string>;
  /** Keywords of each end, before and after `--to`. */
  readonly ends: readonly [ReadonlyMap<string, string>, ReadonlyMap<string, string>];
  readonly hasTo: boolean;
  /** Keywords of the connection. */
  readonly conn: ReadonlyMap<string, string>;
  readonly authby: readonly string[];
  readonly debug: readonly { readonly name: string; readonly value: string }[];
  /** True if anything of a connection was said: the command is then an add. */
  readonly isAdd: boolean;
}

export type WhackError = { readonly error: string; readonly label?: string; readonly name?: string };

export function parseWhack(argv: readonly string[]): WhackLine | WhackError {
  const normal = new Map<string, string>();
  const ends: [Map<string, string>, Map<string, string>] = [new Map(), new Map()];
  const conn = new Map<string, string>();
  const authby: string[] = [];
  const debug: { name: string; value: string }[] = [];
  const seen = new Set<string>();
  let hasTo = false;
  let isAdd = false;
  const fail = (error: string): WhackError => {
    const [label, name] = [normal.get('label'), normal.get('name')];
    return { error, ...(label !== undefined && { label }), ...(name !== undefined && { name }) };
  };

  for (let i = 0; i < argv.length; i++) {
    const read = readOption(argv[i], argv[i + 1]);
    if ('error' in read) return fail(read.error);
    i += read.taken;
    const { row, written, value } = read;
    if (row.name === 'to') {
      if (hasTo) return fail('option "--to" repeated');
      if (!ends[0].has('')) return fail('connection missing --host before --to');
      hasTo = isAdd = true;
      continue;
    }
    const side = hasTo ? 1 : 0;
    const once = row.group === 'end' ? `${row.name} ${side}` : row.name;
    if (row.group !== 'debug' && seen.has(once)) return fail(`option "--${written}" repeated`);
    seen.add(once);
    const late = lateFamily(row, seen);
    if (late) return fail(`--${written} must precede any --${late}`);
    const text = `${value ?? row.value ?? ''}${row.suffix ?? ''}`;
    switch (row.group) {
      case 'normal':
      case 'list':
        normal.set(row.name, text);
        break;
      case 'debug':
        debug.push({ name: row.name, value: text });
        break;
      case 'end':
        isAdd = true;
        ends[side].set(row.keyword ?? row.name, text);
        break;
      case 'auth':
        isAdd = true;
        authby.push(text);
        break;
      case 'conn': {
        isAdd = true;
        const key = row.keyword ?? row.name;
        const known = conn.get(key);
        if (known !== undefined && known !== text)
          return fail(`"--${written}" contradicts ${key}=${known} said before`);
        conn.set(key, text);
      }
    }
  }
  return { normal, ends, hasTo, conn, authby, debug, isAdd };
}

/** The option at `arg`, and how many of the arguments after it are its own. */
function readOption(
  arg: string,
  next: string | undefined,
):
  | { readonly row: WhackOption; readonly written: string; readonly value: string | undefined; readonly taken: 0 | 1 }
  | { readonly error: string } {
  if (!arg.startsWith('--') || arg === '--') return { error: `unexpected argument "${arg}"` };
  const equals = arg.indexOf('=');
  const written = arg.slice(2, equals < 0 ? undefined : equals);
  const given = equals < 0 ? undefined : arg.slice(equals + 1);
  const spelled = WHACK_OPTIONS.get(written);
  if (!spelled) return { error: `unrecognized option "--${written}"` };
  const row = canonical(WHACK_OPTIONS, spelled);
  if (spelled.arg === 'none' && given !== undefined) return { error: `option "--${written}" takes no argument` };
  if (spelled.arg !== 'required' || given !== undefined) return { row, written, value: given, taken: 0 };
  if (next === undefined) return { error: `option "--${written}" needs an argument` };
  return { row, written, value: next, taken: 1 };
}

/** Families come before the addresses they are of. */
const FAMILY_USERS: Readonly<Record<string, readonly string[]>> = {
  ipv4: ['host', 'nexthop'],
  ipv6: ['host', 'nexthop'],
  tunnelipv4: ['client', 'sourceip'],
  tunnelipv6: ['client', 'sourceip'],
};

function lateFamily(row: WhackOption, seen: ReadonlySet<string>): string | undefined {
  return FAMILY_USERS[row.name]?.find((user) => seen.has(`${user} 0`) || seen.has(`${user} 1`));
}
