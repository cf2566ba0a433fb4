/** pluto's command line, by yargs: a daemon starts seldom enough to afford it. */
import yargs from 'yargs';
import { parseDebug } from '../conf/debug-classes.ts';
import { nearest } from '../conf/nearest.ts';
import { type DaemonOptions, DEFAULT_CONFIG, DEFAULT_RUNDIR } from '../control/daemon-options.ts';
import { FREESWAN_DEBUG, PLUTO_GROUPS, PLUTO_OPTIONS } from './pluto-options.ts';

export type PlutoLine =
  | {
      readonly run: DaemonOptions /** Options without effect so far, for a line each. */;
      readonly later: readonly string[];
    }
  | { readonly help: string }
  | { readonly version: true }
  | { readonly wrong: string };

export async function parsePluto(argv: readonly string[]): Promise<PlutoLine> {
  const parser = plutoParser();
  let wrong: string | undefined;
  const given: Given = await parser
    .fail((message) => {
      wrong ??= withHint(message);
    })
    .parseAsync([...argv]);
  if (given.help) return { help: await parser.getHelp() };
  if (given.version) return { version: true };
  wrong ??= whyWrong(given);
  if (wrong !== undefined) return { wrong };
  const later = [...PLUTO_OPTIONS.values()].filter(({ name, isLater }) => isLater && given[name] !== undefined);
  return { run: daemonOptions(given), later: later.map(({ name }) => name) };
}

function withHint(message: string): string {
  const unknown = /^Unknown arguments?: ([^,\s]+)/.exec(message)?.[1];
  if (unknown === undefined) return message;
  const meant = nearest(unknown, PLUTO_OPTIONS.keys());
  return `unknown option "--${unknown}"${meant === undefined ? '' : `; did you mean --${meant}?`}`;
}

type Given = Readonly<Record<string, unknown>>;

function plutoParser() {
  const parser = yargs([])
    .scriptName('pluto')
    .usage('Usage: pluto [OPTION...]\n\nNegotiates IPsec tunnels.')
    .help(false)
    .version(false)
    .exitProcess(false)
    .wrap(100)
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'duplicate-arguments-array': true,
      'greedy-arrays': false,
    })
    .strictOptions()
    .demandCommand(0, 0, '', 'pluto takes no operands');
  for (const row of PLUTO_OPTIONS.values()) {
    parser.option(row.name, {
      type: row.arg === 'none' ? 'boolean' : row.isNumber ? 'number' : 'string',
      group: PLUTO_GROUPS[row.group],
      requiresArg: row.arg === 'required',
      hidden: row.isObsolete === true,
      describe: row.sameAs === undefined ? (row.help ?? '') : `--${row.sameAs}`,
      ...(row.words && { choices: row.words }),
    });
  }
  return parser;
}

function whyWrong(given: Given): string | undefined {
  for (const { name, isNumber, isList, arg } of PLUTO_OPTIONS.values()) {
    const value = given[name];
    if (Array.isArray(value) && !isList && arg === 'required') return `--${name} was given more than once`;
    if (isNumber && value !== undefined && !Number.isSafeInteger(value)) return `--${name} needs a whole number`;
    if (isNumber && name !== 'nhelpers' && Number(value) < 0) return `--${name} cannot be negative`;
  }
  const debug = parseDebug(debugWords(given));
  if ('wrong' in debug) return debug.wrong.join('; ');
  const planes = ['use-xfrm', 'use-userspace', 'noklips'].filter((name) => given[name]);
  if (planes.length > 1) return `--${planes.join(' and --')} exclude each other`;
  const port = given.ikeport;
  return typeof port === 'number' && (port < 1 || port > 65535) ? '--ikeport is 1 to 65535' : undefined;
}

function daemonOptions(given: Given): DaemonOptions {
  const said = (name: string) => given[name] === true || Array.isArray(given[name]);
  const text = (...names: string[]) => names.map((name) => given[name]).find((v): v is string => typeof v === 'string');
  const number = (name: string) => given[name] as number | undefined;
  const list = (name: string) => (given[name] === undefined ? [] : [given[name]].flat().map(String));
  const all = {
    nofork: said('nofork'),
    stderrlog: said('stderrlog'),
    logfile: text('logfile'),
    logTime: said('log-no-time') ? false : undefined,
    logAppend: said('log-no-append') ? false : undefined,
    logIp: said('log-no-ip') ? false : undefined,
    logFormat: text('logformat') as DaemonOptions['logFormat'],
    auditLog: said('log-no-audit') ? false : undefined,
    configFile: text('config') ?? DEFAULT_CONFIG,
    readsConfig: given.config !== undefined,
    rundir: text('rundir') ?? rundirOf(text('ctlbase')) ?? DEFAULT_RUNDIR,
    coredir: text('coredir', 'dumpdir'),
    secretsFile: text('secretsfile'),
    ipsecdir: text('ipsecdir', 'foodgroupsdir'),
    nssdir: text('nssdir'),
    statsbin: text('statsbin'),
    uniqueIds: said('uniqueids') ? true : undefined,
    vendorId: text('vendorid'),
    virtualPrivate: text('virtual-private'),
    keepAlive: number('keep-alive'),
    ddosMode: said('force-busy') ? 'busy' : said('force-unlimited') ? 'unlimited' : undefined,
    ikePort: number('ikeport'),
    listen: text('listen'),
    listenTcp: said('listen-tcp') ? true : undefined,
    listenUdp: said('no-listen-udp') ? false : undefined,
    ikeSocketBufsize: number('ike-socket-bufsize'),
    ikeSocketErrqueue: said('ike-socket-no-errqueue') ? false : undefined,
    lookups: lookups(given),
    nhelpers: number('nhelpers'),
    metricsListen: text('metrics-listen'),
    expireShuntInterval: number('expire-shunt-interval'),
    ikev1Policy: (['drop', 'reject', 'accept'] as const).find((policy) => said(`ikev1-${policy}`)),
    globalRedirect: text('global-redirect') as DaemonOptions['globalRedirect'],
    globalRedirectTo: text('global-redirect-to'),
    dataPlane: said('use-xfrm') ? 'xfrm' : said('use-userspace') ? 'userspace' : said('noklips') ? 'none' : undefined,
    debug: debugWords(given),
    impair: list('impair'),
    selftest: said('selftest'),
  } satisfies { [K in keyof DaemonOptions]-?: DaemonOptions[K] | undefined };
  return whatWasSaid(all) as DaemonOptions;
}

/** Times are seconds there. */
function lookups(given: Given): DaemonOptions['lookups'] {
  const text = (name: string) => given[name] as string | undefined;
  const number = (name: string) => given[name] as number | undefined;
  const ms = (name: string) => (given[name] === undefined ? undefined : Number(given[name]) * 1000);
  const yes = (name: string) => (given[name] === undefined ? undefined : true);
  const said = whatWasSaid({
    curlIface: text('curl-iface'),
    curlTimeoutMs: ms('curl-timeout'),
    crlStrict: yes('crl-strict'),
    crlcheckintervalMs: ms('crlcheckinterval'),
    ocspEnable: yes('ocsp-enable'),
    ocspStrict: yes('ocsp-strict'),
    ocspUri: text('ocsp-uri'),
    ocspTimeoutMs: ms('ocsp-timeout'),
    ocspTrustname: text('ocsp-trustname'),
    ocspCacheSize: number('ocsp-cache-size'),
    ocspCacheMinAgeMs: ms('ocsp-cache-min-age'),
    ocspCacheMaxAgeMs: ms('ocsp-cache-max-age'),
    ocspMethod: text('ocsp-method'),
    dnssecEnable: yes('no-dnssec') && false,
  });
  return Object.keys(said).length > 0 ? said : undefined;
}

/** What was not said is absent, not undefined. */
const whatWasSaid = (all: object): object =>
  Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));

/** `--debug base,no-routing`, and FreeS/WAN's `--debug-control`; `none` and `all` come first. */
function debugWords(given: Given): readonly string[] {
  const words = given.debug === undefined ? [] : [given.debug].flat().map(String);
  const old = FREESWAN_DEBUG.filter((word) => given[`debug-${word}`] !== undefined);
  return [...old, ...words.flatMap((classes) => classes.split(/[,\s]+/).filter(Boolean))];
}

/** FreeS/WAN's `--ctlbase /run/pluto/pluto`: the directory is what counts. */
function rundirOf(ctlbase: string | undefined): string | undefined {
  return ctlbase?.replace(/\/[^/]*$/, '');
}
