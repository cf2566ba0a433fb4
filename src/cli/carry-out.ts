/** Sends requests to pluto and prints what it answers. */
import { harmless } from '../conf/printable.ts';
import { converse } from '../control/client.ts';
import { isReport, type ReportKind, type Request } from '../control/protocol.ts';
import { RC } from '../control/reply-codes.ts';
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
  /** Who types what pluto asks for; undefined: nobody wants to. */
  readonly type?: Typist;
}

export type Typist = (
  question: string,
  how: { readonly shows: boolean; readonly over: AbortSignal },
) => Promise<string | undefined>;

/** Whoever sits there, or what is piped in. */
const somebody: Typist = async (question, how) => (await import('./typing.ts')).typed(question, how);

/** The exit status. */
export async function carryOut({
  ctlsocket,
  requests,
  output,
  json = false,
  program,
  type = somebody,
}: CarryOut): Promise<number> {
  const reports = new Map<Request, Report>();
  for (const request of requests) if (isReportRequest(request)) reports.set(request, await newReport(request, json));
  let at = 0;
  /** What is still owed by the requests before this one: also by those that had nothing to say. */
  const finishBefore = async (next: number) => {
    for (; at < next; at++) {
      const text = reports.get(requests[at])?.finish();
      if (text) await output.out(text);
    }
  };
  const outcome = await converse({
    path: ctlsocket,
    requests,
    onReply: async (reply, request) => {
      await finishBefore(requests.indexOf(request, at));
      if (reply.t === 'rows') await output.out(reports.get(request)?.slice(reply) ?? '');
      else if (json) output.err(reply.text);
      else await output.out(`${reply.text}\n`);
    },
    onPrompt: async ({ code, text }, over) =>
      await type(`${harmless(text)}: `, { shows: code !== RC.ENTERSECRET, over }),
  });
  if ('exit' in outcome) {
    await finishBefore(requests.length);
    return outcome.exit;
  }
  output.err(`${program}: ${outcome.fault.text}`);
  if (outcome.fault.hint) output.err(outcome.fault.hint);
  return outcome.fault.exit;
}

const isReportRequest = (request: Request): request is Request & { readonly kind: ReportKind } =>
  isReport(request.kind);

/** Rows are rendered only by who gets rows: `ipsec up` loads neither. */
async function newReport(request: Request & { readonly kind: ReportKind }, json: boolean): Promise<Report> {
  if (json) return (await import('../control/status/json.ts')).jsonReport(request.kind);
  const { textReport } = await import('../control/status/report.ts');
  const utc = 'utc' in request && request.utc === true;
  const isNamed = 'name' in request && request.name !== undefined;
  return textReport(request.kind, { now: Math.floor(Date.now() / 1000), utc }, isNamed);
}
