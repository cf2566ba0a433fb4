/** Sends requests to pluto and prints what it answers. */
import { converse } from '../control/client.ts';
import { isReport, type ReportKind, type Request } from '../control/protocol.ts';
import type { Report } from '../control/status/report.ts';
import type { Output } from './output.ts';

export interface CarryOut {
  readonly ctlsocket: string;
  readonly requests: readonly Request[];
  readonly output: Output;
  /** Reports as JSON on stdout; what else pluto says goes to stderr. */
  readonly json?: boolean;
  /** Before our own errors: `whack`, `ipsec`. */
  readonly program: string;
}

/** The exit status. */
export async function carryOut({ ctlsocket, requests, output, json = false, program }: CarryOut): Promise<number> {
  const reports = new Map<Request, Report>();
  // Rows are rendered only by who gets rows: `ipsec up` does without.
  const render = requests.some(({ kind }) => isReport(kind)) ? await import('../control/status/report.ts') : undefined;
  for (const request of requests) {
    if (render && isReportRequest(request)) reports.set(request, newReport(render, request, json));
  }
  let current: Request | undefined;
  const finish = async (next?: Request) => {
    const text = current && current !== next && reports.get(current)?.finish();
    current = next;
    if (text) await output.out(text);
  };
  const outcome = await converse({
    path: ctlsocket,
    requests,
    onReply: async (reply, request) => {
      await finish(request);
      if (reply.t === 'rows') await output.out(reports.get(request)?.slice(reply) ?? '');
      else if (json) output.err(reply.text);
      else await output.out(`${reply.text}\n`);
    },
  });
  if ('exit' in outcome) {
    // A report without rows has not been heard of yet.
    const last = requests.at(-1);
    if (current !== last && last && reports.has(last)) await finish(last);
    await finish();
    return outcome.exit;
  }
  output.err(`${program}: ${outcome.fault.text}`);
  if (outcome.fault.hint) output.err(outcome.fault.hint);
  return outcome.fault.exit;
}

const isReportRequest = (request: Request): request is Request & { readonly kind: ReportKind } =>
  isReport(request.kind);

function newReport(
  render: typeof import('../control/status/report.ts'),
  request: Request & { readonly kind: ReportKind },
  json: boolean,
): Report {
  if (json) return render.jsonReport(request.kind);
  const utc = 'utc' in request && request.utc === true;
  const isNamed = 'name' in request && request.name !== undefined;
  return render.textReport(request.kind, { now: Math.floor(Date.now() / 1000), utc }, isNamed);
}
