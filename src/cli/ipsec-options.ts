/** Options every subcommand of `ipsec` takes; help shows them where they mean something. */
import type { Command, CommandOption } from './ipsec-command.ts';
import { byName } from './options.ts';

const ASK_ALONE = ['connections', 'reports', 'lists', 'daemon'];
const ASK = [...ASK_ALONE, 'machine'];

export const IPSEC_OPTIONS: ReadonlyMap<string, CommandOption> = byName<CommandOption>([
  {
    name: 'config',
    arg: 'required',
    argName: 'FILE',
    help: 'instead of /etc/ipsec.conf',
    of: [
      'start',
      'restart',
      'add',
      'replace',
      'ondemand',
      'reload',
      'addconn',
      'checkconfig',
      'readwriteconf',
      'keys',
      'machine',
    ],
  },
  { name: 'asynchronous', arg: 'none', help: 'do not wait for the connection to be up', of: ['up', 'start'] },
  {
    name: 'remote-host',
    arg: 'required',
    argName: 'ADDRESS',
    help: 'peer for a template',
    of: ['up', 'start'],
  },
  { name: 'utc', arg: 'none', help: 'times in UTC', of: ['lists'] },
  {
    name: 'ctlsocket',
    arg: 'required',
    argName: 'FILE',
    help: 'the control socket',
    of: ASK,
    isWhacks: true,
  },
  {
    name: 'rundir',
    arg: 'required',
    argName: 'DIR',
    help: 'where pluto.ctl and pluto.pid are',
    of: ASK,
    isWhacks: true,
  },
  {
    name: 'json',
    arg: 'none',
    help: 'as JSON',
    of: ['reports', 'lists', 'files', 'keys', 'machine', 'reload'],
    isWhacks: true,
  },
  {
    name: 'dry-run',
    short: 'n',
    arg: 'none',
    help: 'print the commands instead of running them',
    of: ASK_ALONE,
  },
  {
    name: 'verbose',
    arg: 'none',
    help: 'print the commands as well',
    of: ASK_ALONE,
  },
  { name: 'help', short: 'h', arg: 'none', help: 'this text' },
]);

/** What may be said to `command` and changes something. */
export function optionsOf(command: Command): readonly CommandOption[] {
  const own = command.options ?? [];
  const shared = [...IPSEC_OPTIONS.values()].filter(
    ({ name, of }) =>
      !own.some((row) => row.name === name) &&
      (command.name === 'auto' || (of?.some((o) => o === command.group || o === command.name) ?? true)),
  );
  return [...own, ...shared];
}
