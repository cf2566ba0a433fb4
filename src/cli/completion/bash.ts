/** Completion for bash, from 3.2 on: nothing of bash-completion is needed. */
import { CONNS_SH, quoted } from './conns.ts';
import { alike, type CompletedCommand, type CompletedOption, type Values } from './table.ts';

export function bashCompletion(commands: readonly CompletedCommand[]): string {
  return `# Completion of ipsec, whack and pluto for bash; \`ipsec completion bash\` prints it.
#   ipsec completion bash >/etc/bash_completion.d/ipsec

_ipsec_conns() {
  sh -c ${quoted(CONNS_SH)} sh "$1"
}

# COMMAND: its options, and what its operands are
_ipsec_command() {
  case $1 in
${[...alike(commands, repliesOf)].map(([replies, names]) => `  ${names.join(' | ')}) ${replies} ;;`).join('\n')}
  esac
}

# COMMAND --OPTION: what its argument is
_ipsec_argument() {
  case "$1 $2" in
${argumentCases(commands)}
  *) return 1 ;;
  esac
}

# WHAT CURRENT FILE
_ipsec_reply() {
  case $1 in
  @conn) COMPREPLY=($(compgen -W "$(_ipsec_conns "$3")" -- "$2")) ;;
  @file | @directory)
    # Names may have blanks; what is a directory goes on.
    local IFS=$'\\n'
    compopt -o filenames 2>/dev/null
    if [ "$1" = @file ]; then COMPREPLY=($(compgen -f -- "$2")); else COMPREPLY=($(compgen -d -- "$2")); fi
    ;;
  *) COMPREPLY=($(compgen -W "$1" -- "$2")) ;;
  esac
}

_ipsec() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]}
  local command= config=/etc/ipsec.conf options= operands= argument= i=1
  COMPREPLY=()
  case \${COMP_WORDS[0]##*/} in whack | pluto) command=\${COMP_WORDS[0]##*/} ;; esac
  while [ $i -lt $COMP_CWORD ]; do
    case \${COMP_WORDS[i]} in
    --config)
      i=$((i + 1))
      [ "\${COMP_WORDS[i]}" = = ] && i=$((i + 1))
      [ $i -lt $COMP_CWORD ] && config=\${COMP_WORDS[i]}
      ;;
    --ctlsocket | --rundir) [ -n "$command" ] || i=$((i + 1)) ;;
    -*) ;;
    *) [ -n "$command" ] || command=\${COMP_WORDS[i]} ;;
    esac
    i=$((i + 1))
  done
  # Readline takes --option=value for three words.
  if [ "$current" = = ]; then
    current=
  elif [ "$before" = = ]; then
    before=\${COMP_WORDS[COMP_CWORD-2]}
  elif [ -n "$command" ] && _ipsec_argument "$command" "$before" && [ "\${argument#\\?}" != "$argument" ]; then
    # An optional argument stands only behind the sign.
    before=
  fi
  argument=
  if _ipsec_argument "$command" "$before"; then
    [ -z "\${argument#\\?}" ] || _ipsec_reply "\${argument#\\?}" "$current" "$config"
    return 0
  fi
  if [ -z "$command" ]; then
    _ipsec_reply ${quoted(commands.map(({ name }) => name).join(' '))} "$current"
    return 0
  fi
  _ipsec_command "$command"
  case $current in
  -*) _ipsec_reply "$options" "$current" ;;
  *) [ -z "$operands" ] || _ipsec_reply "$operands" "$current" "$config" ;;
  esac
}

complete -F _ipsec ipsec whack pluto
`;
}

const asWords = (values: Values): string => (typeof values === 'string' ? `@${values}` : values.join(' '));

function repliesOf({ options, operands }: CompletedCommand): string {
  const flags = options.map(({ flag }) => flag).join(' ');
  return `options='${flags}' operands='${operands === undefined ? '' : asWords(operands)}'`;
}

/** What all commands share once, in front of it what only one has. */
function argumentCases(commands: readonly CompletedCommand[]): string {
  const rows = new Map<string, string[]>();
  for (const { name, options } of commands) {
    for (const option of options.filter(({ arg }) => arg !== 'none')) {
      const patterns = rows.get(argumentOf(option)) ?? [];
      patterns.push(`'${name} ${option.flag}'`);
      rows.set(argumentOf(option), patterns);
    }
  }
  // Before the subcommand too.
  const shared = "' --config' | ' --ctlsocket') argument=@file ;;\n  ' --rundir') argument=@directory ;;";
  return `  ${shared}\n${[...rows].map(([argument, patterns]) => `  ${patterns.join(' | ')}) argument=${quoted(argument)} ;;`).join('\n')}`;
}

/** A question mark before what may be left out. */
function argumentOf({ arg, values }: CompletedOption): string {
  return `${arg === 'optional' ? '?' : ''}${values === undefined ? '' : asWords(values)}`;
}
