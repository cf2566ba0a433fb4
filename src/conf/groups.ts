/**
 * The file of a policy group, `policies/NAME`: whom the connection of that name is for, a line each.
 *
 *     192.0.2.0/24                   # a block, or an address
 *     198.51.100.7  tcp  0  443      # its protocol, our port, their port; 0 is any
 */
import type { Subnet } from '../net/subnet.ts';
import { parseProtoport, parseSubnet } from './address-text.ts';
import type { FileSystem } from './file-system.ts';
import { Prefixes } from './groups-prefixes.ts';
import { hasControl, shown } from './printable.ts';
import type { Problem } from './problem.ts';
import { linesOf } from './scan.ts';

export interface GroupLine {
  readonly net: Subnet;
  /** 0: any, and so are both ports. */
  readonly protocol: number;
  /** 0: any. ICMP: type * 256 + code. */
  readonly ourPort: number;
  readonly theirPort: number;
  /** In the file, from 1. */
  readonly line: number;
}

export interface GroupFile {
  /** By their `lineName`, each once; what is wrong with the others is among the problems. */
  readonly lines: ReadonlyMap<string, GroupLine>;
  /** Errors are lines that are left out, warnings lines that are taken. */
  readonly problems: readonly Problem[];
  /** Problems that are not listed, for there are so many. */
  readonly unlisted: number;
  /** Why there is no such file: `ENOENT`, … */
  readonly errno?: string;
}

/** Lines that one group may have. */
export const MOST_LINES = 200_000;
/** Octets of its file. */
const MOST_OCTETS = 32 << 20;
const MOST_PROBLEMS = 50;

/** `10.0.0.0/8`, `10.0.0.0/8-(0--6--443)`: our port, protocol, their port. What stands behind `NAME#` as libreswan has it. */
export const lineName = ({ net, protocol, ourPort, theirPort }: Omit<GroupLine, 'line'>): string =>
  protocol === 0 ? `${net}` : `${net}-(${ourPort}--${protocol}--${theirPort})`;

/** In steps of a line, twice: the second time for what lies within what. */
export function* readingGroup(path: string, files: Pick<FileSystem, 'read'>): Generator<undefined, GroupFile> {
  const lines = new Map<string, GroupLine>();
  const problems: Problem[] = [];
  let unlisted = 0;
  const tell = (severity: Problem['severity'], line: number, text: string) => {
    if (problems.length < MOST_PROBLEMS) problems.push({ severity, file: path, line, text });
    else unlisted++;
  };
  const read = files.read(path);
  if ('errno' in read) return { lines, problems, unlisted, errno: read.errno };
  if (read.text.length > MOST_OCTETS) return { lines, problems, unlisted, errno: 'EFBIG' };
  const nets = new Prefixes<GroupLine>();
  let number = 0;
  for (const text of linesOf(read.text)) {
    yield undefined;
    number++;
    const parsed = parseLine(text);
    if (parsed === undefined) continue;
    if ('wrong' in parsed) {
      tell('error', number, parsed.wrong);
      continue;
    }
    if (parsed.zeroed !== undefined)
      tell('warning', number, `${shown(parsed.zeroed)} has host bits; ${parsed.line.net} it is`);
    const line = { ...parsed.line, line: number };
    const name = lineName(line);
    const known = lines.get(name);
    if (known) {
      tell('warning', number, `${name} is in line ${known.line} already, and left out here`);
      continue;
    }
    if (lines.size === MOST_LINES) {
      tell('error', number, `a group has at most ${MOST_LINES} lines; what follows is left out`);
      break;
    }
    lines.set(name, line);
    nets.add(line.net, line);
  }
  for (const { net, line } of lines.values()) {
    yield undefined;
    const [wider] = nets.enclosing(net);
    if (wider) tell('warning', line, `${net} lies within ${wider.net} of line ${wider.line}, and goes before it`);
  }
  return { lines, problems, unlisted };
}

type Parsed =
  | { readonly line: Omit<GroupLine, 'line'> /** As written, with host bits. */; readonly zeroed?: string }
  | { readonly wrong: string };

function parseLine(text: string): Parsed | undefined {
  const body = text.replace(/(^|\s)#.*$/s, '').trim();
  if (body === '') return undefined;
  if (hasControl(body)) return { wrong: 'the line has a control character' };
  const [block, protocolText, ...portTexts] = body.split(/\s+/);
  const found = parseSubnet(block);
  if (!found) return { wrong: `expected ADDRESS or ADDRESS/BITS, got ${shown(block)}` };
  const { subnet: net, hasHostBits } = found;
  const zeroed = hasHostBits ? { zeroed: block } : {};
  if (protocolText === undefined) return { line: { net, protocol: 0, ourPort: 0, theirPort: 0 }, ...zeroed };
  const protocol = protocolText.includes('/') ? undefined : parseProtoport(protocolText)?.protocol;
  const ports = portTexts.map(parsePort);
  const [ourPort, theirPort] = ports;
  if (protocol === undefined) return { wrong: `expected a protocol after ${net}, got ${shown(protocolText)}` };
  if (ports.length !== 2 || ourPort === undefined || theirPort === undefined)
    return { wrong: `expected ${net} PROTOCOL OUR-PORT THEIR-PORT, got ${shown(body)}` };
  if (protocol === 0 && (ourPort !== 0 || theirPort !== 0))
    return { wrong: `ports need a protocol that has them, got ${shown(protocolText)}` };
  return { line: { net, protocol, ourPort, theirPort }, ...zeroed };
}

const parsePort = (text: string): number | undefined =>
  /^\d{1,5}$/.test(text) && Number(text) <= 65535 ? Number(text) : text === '%any' ? 0 : undefined;
