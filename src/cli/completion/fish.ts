/** Completion for fish: one line for each thing that may be said. */
import { CONNS_SH } from './conns.ts';
import type { CompletedCommand, CompletedOption, Values } from './table.ts';

export function fishCompletion(commands: readonly CompletedCommand[]): string {
  const firsts = commands.map(({ name, help }) => `complete -c ipsec -n '__ipsec_in ""' -a ${name} -d ${quoted(help)}`);
  const alone = commands
    .filter(({ name }) => name === 'whack' || name === 'pluto')
    .flatMap(({ name, options }) => [
      `complete -c ${name} -f`,
      ...options.map((option) => `complete -c ${name} ${optionSpec(option)}`),
    ]);
  return `# Completion of ipsec, whack and pluto for fish; \`ipsec completion fish\` prints it.
#   ipsec completion fish >/etc/fish/completions/ipsec.fish

# Is the subcommand one of these; "" for none yet?
function __ipsec_in
    set -l words (commandline -opc)
    set -e words[1]
    set -l command ''
    while set -q words[1]
        switch $words[1]
            case --config --ctlsocket --rundir
                set -e words[1]
            case '-*'
            case '*'
                set command $words[1]
                break
        end
        set -e words[1]
    end
    contains -- "$command" $argv
end

function __ipsec_conns
    set -l config /etc/ipsec.conf
    set -l words (commandline -opc)
    if set -l at (contains -i -- --config $words)
        set -q words[(math $at + 1)]; and set config $words[(math $at + 1)]
    end
    sh -c ${quoted(CONNS_SH)} sh $config
end

complete -c ipsec -f
${[...firsts, ...said(commands), ...alone].join('\n')}
`;
}

/** Each thing once, with all the commands that it may be said to. */
function said(commands: readonly CompletedCommand[]): readonly string[] {
  const names = new Map<string, string[]>();
  for (const { name, options, operands } of commands) {
    for (const spec of [...options.map(optionSpec), ...(operands === undefined ? [] : [valuesSpec(operands)])])
      names.set(spec, [...(names.get(spec) ?? []), name]);
  }
  return [...names].map(([spec, of]) => `complete -c ipsec -n '__ipsec_in ${of.join(' ')}' ${spec}`);
}

function optionSpec({ flag, help, arg, values }: CompletedOption): string {
  const described = `-l ${flag.slice(2)}${help === '' ? '' : ` -d ${quoted(help)}`}`;
  if (arg === 'none') return described;
  // -x: an argument, which is no file.
  const requires = arg !== 'required' ? '' : values === 'file' ? '-r ' : '-x ';
  return values === undefined ? `${described} ${requires}`.trimEnd() : `${described} ${requires}${valuesSpec(values)}`;
}

function valuesSpec(values: Values): string {
  if (values === 'conn') return "-a '(__ipsec_conns)'";
  if (values === 'file') return '-F';
  return values === 'directory' ? "-a '(__fish_complete_directories)'" : `-a ${quoted(values.join(' '))}`;
}

/** Fish knows two escapes between single quotes. */
const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
