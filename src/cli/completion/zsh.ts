/** Completion for zsh: what may stand where, handed to _arguments. */
import { CONNS_SH, quoted } from './conns.ts';
import { alike, type CompletedCommand, type CompletedOption, type Values } from './table.ts';

export function zshCompletion(commands: readonly CompletedCommand[]): string {
  return `#compdef ipsec whack pluto
# Completion of ipsec, whack and pluto for zsh; \`ipsec completion zsh\` prints it.
#   ipsec completion zsh >/usr/local/share/zsh/site-functions/_ipsec

_ipsec_conns() {
  local config=\${opt_args[--config]:-/etc/ipsec.conf}
  local -a conns
  conns=(\${(f)"$(sh -c ${quoted(CONNS_SH)} sh "$config")"})
  compadd -a conns
}

_ipsec_command() {
  case $1 in
${[...alike(commands, specsOf)].map(([specs, names]) => `  ${names.join(' | ')})\n    ${specs}\n    ;;`).join('\n')}
  esac
}

_ipsec() {
  if [[ $service != ipsec ]]; then
    _ipsec_command $service
    return
  fi
  local -a commands
  commands=(
${commands.map(({ name, help }) => `    ${quoted(`${name}:${help}`)}`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe -t commands 'ipsec command' commands
  else
    local command=$words[2]
    shift words
    (( CURRENT-- ))
    _ipsec_command $command
  fi
}

_ipsec "$@"
`;
}

function specsOf({ options, operands }: CompletedCommand): string {
  const specs = options.map(optionSpec);
  if (operands !== undefined) specs.push(quoted(`*:operand:${actionOf(operands)}`));
  return specs.length === 0
    ? '_message "no more arguments"'
    : `_arguments ${specs.join(
        ' \
      ',
      )}`;
}

/** `--config[help]:FILE:_files`; `-::` for an argument that may be left out. */
function optionSpec({ flag, help, arg, values }: CompletedOption): string {
  const described = `${flag}${arg === 'optional' ? '=-' : ''}[${escaped(help)}]`;
  if (arg === 'none') return quoted(described);
  return quoted(
    `${described}${arg === 'optional' ? '::' : ':'}argument:${values === undefined ? ' ' : actionOf(values)}`,
  );
}

function actionOf(values: Values): string {
  if (values === 'conn') return '_ipsec_conns';
  if (values === 'file') return '_files';
  return values === 'directory' ? '_files -/' : `(${values.map(escaped).join(' ')})`;
}

const escaped = (text: string): string => text.replace(/[[\]:\\]/g, '\\$&');
