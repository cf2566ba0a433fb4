/** The manual: its pages, and where they are. */

export interface Topic {
  /** As `ipsec help NAME` says it. */
  readonly name: string;
  readonly section: 5 | 8;
  readonly about: string;
}

export const TOPICS: readonly Topic[] = [
  { name: 'ipsec', section: 8, about: 'the command, its subcommands and their options' },
  { name: 'auto', section: 8, about: 'connections by hand, as ipsec auto says it' },
  { name: 'whack', section: 8, about: 'talking to pluto: every option' },
  { name: 'pluto', section: 8, about: 'the daemon: its options, files and signals' },
  { name: 'ipsec.conf', section: 5, about: 'the configuration: every keyword' },
  { name: 'ipsec.secrets', section: 5, about: 'shared keys and passwords' },
];

/** Below the installation. */
export const pathOf = ({ name, section }: Topic): string => `docs/${name}.${section}.md`;
