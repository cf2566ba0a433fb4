/** Two configurations for a simulation, each a conn between west and east with its own changes. */
import type { SimulationOptions } from '../../src/sim/simulate.ts';
import { simulate } from '../../src/sim/simulate.ts';
import { conn } from '../actors/town.ts';
import { memoryFiles } from '../conf/memory-files.ts';

export type Changes = Readonly<Record<string, string | undefined>>;

export interface Setting {
  /** Changes to the conn, or the whole file. */
  readonly a?: Changes | string;
  readonly b?: Changes | string;
  /** ipsec.secrets; null: no such file. */
  readonly secretsA?: string | null;
  readonly secretsB?: string | null;
  readonly addresses?: { readonly a?: string; readonly b?: string };
}

const PSK = '@west @east : PSK "swordfish"\n';

/** A's file is `/a/west.conf`, B's `/b/east.conf`. A initiates, unless told otherwise. */
export function simulated(setting: Setting = {}, options: Partial<SimulationOptions> = {}) {
  const { a, b, secretsA = PSK, secretsB = PSK, addresses = {} } = setting;
  const files = memoryFiles({
    '/a/west.conf': fileOf(a),
    '/b/east.conf': fileOf(b),
    ...(secretsA === null ? {} : { '/a/ipsec.secrets': secretsA }),
    ...(secretsB === null ? {} : { '/b/ipsec.secrets': secretsB }),
  });
  const side = (conf: string, address?: string) => ({ conf, ...(address ? { address } : {}) });
  const report = simulate(
    {
      a: side('/a/west.conf', addresses.a),
      b: side('/b/east.conf', addresses.b),
      initiator: 'A',
      rekeys: true,
      ...options,
    },
    files,
  );
  const [run] = report.pairs.flatMap((pair) => pair.runs);
  const why = run?.why.flatMap(({ about, lines }) => lines.map((line) => `${about}: ${line}`)) ?? [];
  return { report, run, why };
}

const fileOf = (what: Changes | string = {}) => (typeof what === 'string' ? what : conn('w-e', what));
