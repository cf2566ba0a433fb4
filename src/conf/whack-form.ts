/**
 * How whack says a keyword. A row of the keyword table carries its forms; whack's parser, its help and the command
 * that `ipsec auto --showonly` prints are derived from them.
 *
 *     takes('--ike PROPOSALS', '--ikealg PROPOSALS')     two spellings, the argument is the value
 *     yes('--mobike')                                    --mobike is mobike=yes, --mobike=no is mobike=no
 *     means('esp', '--encrypt')                          no argument: one value
 *     adds('secret', '--psk')                            one word of a list, beside others
 */
export interface WhackForm {
  /** The first is the one to use; the others mean exactly the same. */
  readonly spellings: readonly WhackSpelling[];
  /** The value where no argument is given. */
  readonly means?: string;
  /** whack's words where they differ from the file's. */
  readonly words?: Readonly<Record<string, string>>;
  /** Follows the argument: `--rekeyfuzz 100` is `100%`. */
  readonly suffix?: string;
  /** One word of a list: further options add theirs. */
  readonly isWord?: true;
  /** Values of the keyword that it gives way to: `--tunnel --pass` passes. */
  readonly yieldsTo?: readonly string[];
  /** Does not make a command one that adds a connection. */
  readonly isAside?: true;
}

export interface WhackSpelling {
  /** Without the dashes. */
  readonly name: string;
  /** `optional`: only as `--name=value`. */
  readonly arg: 'none' | 'required' | 'optional';
  readonly argName?: string;
  readonly isObsolete?: true;
}

type Usage = string | WhackSpelling;

/** The argument is the value. */
export const takes = (...usages: readonly Usage[]): WhackForm => ({ spellings: usages.map(spelling) });

/** `value`, unless there is an argument. */
export const means = (value: string, ...usages: readonly Usage[]): WhackForm => ({ ...takes(...usages), means: value });

export const yes = (name: string, ...others: readonly Usage[]): WhackForm =>
  means('yes', `${name}[=yes|no]`, ...others);

export const adds = (word: string, ...usages: readonly Usage[]): WhackForm => ({
  ...means(word, ...usages),
  isWord: true,
});

/** A spelling of former days: understood, but in no help. */
export const old = (usage: string): WhackSpelling => ({ ...spelling(usage), isObsolete: true });

/** `--name`, `--name ARG` or `--name[=ARG]`. */
function spelling(usage: Usage): WhackSpelling {
  if (typeof usage !== 'string') return usage;
  const match = /^--([\w-]+)(?: ([^\s[\]]+)|\[=([^\s[\]]+)\])?$/.exec(usage);
  if (!match) throw new Error(`${usage} is no usage`);
  const [, name, required, optional] = match;
  if (required !== undefined) return { name, arg: 'required', argName: required };
  return optional !== undefined ? { name, arg: 'optional', argName: optional } : { name, arg: 'none' };
}
