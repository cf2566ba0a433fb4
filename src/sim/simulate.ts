/**
 * Two configurations negotiate, each in a daemon of its own, in memory:
 *
 *     files ──sources──► connections, secrets ──pairing, placing──► who faces whom, and from where
 *                                                       │
 *                    report ◄──negotiation, prospects── street: two houses, a wire, a wiretap
 */
import type { SecretStore } from '../conf/secret-store.ts';
import { Address } from '../net/address.ts';
import { Granted, Mirrored } from './granted.ts';
import { negotiate } from './negotiation.ts';
import { type Pair, pairUp } from './pairing.ts';
import type { Place } from './placing.ts';
import type { EndReport, Name, PairReport, Report } from './report.ts';
import { type Files, readSource, type SideOptions, type Source } from './sources.ts';
import { street } from './street.ts';

export interface SimulationOptions {
  readonly a: SideOptions;
  readonly b: SideOptions;
  /** A's connection, by name or alias, and B's if it is called otherwise. Absent: all that face each other. */
  readonly conn?: string;
  readonly connB?: string;
  readonly initiator: Name | 'both';
  /** Which host is behind a NAT. */
  readonly nat?: Name;
  /** Signs of life and rekeys too. */
  readonly rekeys: boolean;
}

export function simulate(options: SimulationOptions, files: Files): Report {
  const addresses = { a: addressOf(options.a), b: addressOf(options.b) };
  for (const [name, address] of [
    ['a', addresses.a],
    ['b', addresses.b],
  ] as const)
    if (address === null) return unknown([`--address-${name}: expected an IPv4 or IPv6 address`]);
  const a = readSource('A', options.a, files);
  const b = readSource('B', options.b, files);
  const errors = [a, b].flatMap((source) => ('errors' in source ? source.errors : []));
  if ('errors' in a || 'errors' in b) return unknown(errors);
  const notes = [...new Set([...a.notes, ...b.notes])];
  const { conn, connB, nat } = options;
  const place = { a: addresses.a ?? undefined, b: addresses.b ?? undefined };
  const paired = pairUp(a, b, { addresses: place, nat, conn, connB });
  if ('errors' in paired) return unknown(paired.errors, notes);

  const secrets = secretsOf(a, b);
  const reports: PairReport[] = [];
  for (const pair of paired.pairs) {
    const report = simulatePair(pair, { A: a, B: b }, secrets, options);
    if ('errors' in report) return unknown(report.errors, notes);
    reports.push(report);
  }
  const runs = reports.flatMap((report) => report.runs);
  const tried = reports.every((report) => report.runs.some((run) => run.outcome !== 'skipped'));
  const isUp = tried && runs.every((run) => run.outcome === 'up' || run.outcome === 'skipped');
  const exit = isUp ? 0 : 1;
  return { version: 1, verdict: isUp ? 'up' : 'fails', exit, errors: [], notes, pairs: reports };
}

function simulatePair(
  pair: Pair,
  sources: Readonly<Record<Name, Source>>,
  secrets: Readonly<Record<Name, SecretStore>>,
  { initiator, nat, rekeys }: SimulationOptions,
): PairReport | { readonly errors: readonly string[] } {
  const furnishings = {
    A: { ...sources.A, secrets: secrets.A, hasSecrets: sources.A.secrets !== undefined },
    B: { ...sources.B, secrets: secrets.B, hasSecrets: sources.B.secrets !== undefined },
  };
  const ids: Partial<Record<Name, string>> = {};
  const runs: PairReport['runs'][number][] = [];
  for (const name of initiator === 'both' ? (['A', 'B'] as const) : [initiator]) {
    const furnished = street(pair, furnishings, nat);
    if ('errors' in furnished) return furnished;
    for (const { name: of, entry } of [furnished.ends.A, furnished.ends.B]) ids[of] = `${entry.policy?.localId}`;
    runs.push(negotiate(furnished, name, rekeys));
    furnished.wiretap.close();
  }
  const end = (of: Name, place: Place, conn: string): EndReport => ({
    conf: sources[of].conf,
    conn,
    side: place.side,
    address: `${place.address}`,
    addressFrom: place.from,
    id: ids[of] ?? '',
    secrets: sources[of].secrets?.file ?? null,
  });
  const { a, b } = pair.placing;
  return { a: end('A', a, pair.a.name), b: end('B', b, pair.b.name), notes: notesOn(pair), runs };
}

function notesOn({ a, b, placing }: Pair): string[] {
  const places = [
    ['A', placing.a],
    ['B', placing.b],
  ] as const;
  return [
    ...(placing.isAmbiguous
      ? [`A is taken for the ${placing.a.side} end; it would do the other way round too (--address-a)`]
      : []),
    ...(a.name === b.name ? [] : [`conn ${b.name} of B is the one that faces conn ${a.name} of A`]),
    ...places.flatMap(([name, { from, address }]) =>
      from === 'invented'
        ? [`nobody says where ${name} is: it is put at ${address}; --address-${name.toLowerCase()} to say`]
        : [],
    ),
  ];
}

/** Where one host's are missing it has what the other expects; where both are, they have one. */
function secretsOf({ secrets: a }: Source, { secrets: b }: Source): Readonly<Record<Name, SecretStore>> {
  if (a && b) return { A: a.store, B: b.store };
  if (!a && !b) {
    const granted = new Granted();
    return { A: granted, B: granted };
  }
  return { A: a?.store ?? new Mirrored(b!.store), B: b?.store ?? new Mirrored(a!.store) };
}

/** null: it is none. */
function addressOf({ address }: SideOptions): Address | null | undefined {
  return address === undefined ? undefined : (Address.parse(address) ?? null);
}

const unknown = (errors: readonly string[], notes: readonly string[] = []): Report => ({
  version: 1,
  verdict: 'unknown',
  exit: 2,
  errors,
  notes,
  pairs: [],
});
