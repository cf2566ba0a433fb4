/** `ipsec reload`: pluto reads the file anew and applies what differs; here its plan is printed. */
import { resolve } from 'node:path';
import { converse } from '../../control/client.ts';
import { DEFAULT_CONFIG } from '../../control/daemon-options.ts';
import type { RequestOf } from '../../control/protocol.ts';
import { planLine, setupKeyword } from '../../control/status/plan.ts';
import type { PlanRow } from '../../control/status/rows.ts';
import { ctlsocketOf } from '../ask.ts';
import type { IpsecLine } from '../ipsec-line.ts';
import type { Output } from '../output.ts';

/** What `--json` prints. */
interface Reloaded {
  readonly add: string[];
  readonly change: { readonly conn: string; readonly keywords: readonly string[] }[];
  readonly remove: string[];
  readonly keep: string[];
  /** Keywords of `config setup` that wait for a restart. */
  readonly setup: string[];
  /** False after a dry run, and where something is wrong. */
  applied: boolean;
}

export async function run({ options }: IpsecLine, output: Output): Promise<number> {
  const isJson = options.has('json');
  const dryRun = options.has('dry-run');
  // Pluto reads it, and may stand in another directory.
  const request: RequestOf<'reload'> = {
    kind: 'reload',
    config: resolve(options.get('config') ?? DEFAULT_CONFIG),
    ...(dryRun ? { dryRun } : {}),
  };
  const seen: Reloaded = { add: [], change: [], remove: [], keep: [], setup: [], applied: false };
  if (process.stderr.isTTY) output.err(`reading ${request.config}`);
  const outcome = await converse({
    path: ctlsocketOf(options),
    requests: [request],
    onReply: async (reply) => {
      if (reply.t === 'rows') {
        if (reply.of !== 'plan') return;
        if (isJson) for (const row of reply.rows) note(seen, row);
        else await output.out(linesOf(reply.rows, options.has('verbose')));
        return;
      }
      const keyword = setupKeyword(reply.text);
      if (keyword !== undefined) seen.setup.push(keyword);
      if (!isJson) await output.out(`${reply.text}\n`);
      else if (keyword === undefined) output.err(reply.text);
    },
  });
  if ('fault' in outcome) {
    output.err(`ipsec: ${outcome.fault.text}`);
    if (outcome.fault.hint) output.err(outcome.fault.hint);
    return outcome.fault.exit;
  }
  seen.applied = outcome.exit === 0 && !dryRun;
  if (isJson) await output.out(`${JSON.stringify(seen, undefined, 2)}\n`);
  return outcome.exit;
}

function note(seen: Reloaded, { action, conn, keywords = [] }: PlanRow): void {
  if (action === 'change') seen.change.push({ conn, keywords });
  else seen[action].push(conn);
}

/** Of ten thousand connections that stay as they are the total says enough. */
const linesOf = (rows: readonly PlanRow[], isVerbose: boolean): string =>
  rows.flatMap((row) => (row.action === 'keep' && !isVerbose ? [] : [`${planLine(row)}\n`])).join('');
