/** `ipsec help [TOPIC]`: a page of the manual, a subcommand, or a keyword of ipsec.conf. */
import { readFileSync } from 'node:fs';
import { nearest } from '../../conf/nearest.ts';
import { installation } from '../../control/installation.ts';
import { FAILURE_EXIT } from '../ask.ts';
import { help } from '../explain.ts';
import { COMMAND_NAMES, commandNamed } from '../ipsec-commands.ts';
import type { IpsecLine } from '../ipsec-line.ts';
import { explainKeyword, nearestKeyword } from '../manual/keyword.ts';
import { shown } from '../manual/pager.ts';
import { rendered } from '../manual/render.ts';
import { pathOf, TOPICS, type Topic } from '../manual/topics.ts';
import type { Output } from '../output.ts';

export async function run({ operands }: Pick<IpsecLine, 'operands'>, output: Output): Promise<number> {
  const [word] = operands;
  if (word === undefined) {
    await output.out(contents());
    return 0;
  }
  const topic = topicNamed(word);
  if (topic) return await page(topic, output);
  const command = commandNamed(word);
  const text = command && command.later === undefined ? `${help(command)}\n` : explainKeyword(word);
  if (text !== undefined) {
    await output.out(text);
    return 0;
  }
  const meant = nearest(word, [...TOPICS.map(({ name }) => name), ...COMMAND_NAMES]) ?? nearestKeyword(word);
  const suggestion = meant === undefined ? 'ipsec help lists what there is' : `did you mean ${meant}?`;
  output.err(`ipsec: "${word}" is no manual page, command or keyword; ${suggestion}`);
  return FAILURE_EXIT;
}

/** `ipsec.conf`, and as man(1) would have it: `ipsec.conf.5`, `ipsec.conf(5)`, `ipsec_auto`. */
function topicNamed(word: string): Topic | undefined {
  const name = word.replace(/[.(][58]\)?$/, '').replace(/^ipsec_/, '');
  return TOPICS.find((topic) => topic.name === name);
}

async function page(topic: Topic, output: Output): Promise<number> {
  const path = `${installation()}${pathOf(topic)}`;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (e) {
    output.err(`ipsec: cannot read the manual page: ${(e as Error).message}`);
    return FAILURE_EXIT;
  }
  const { screen } = output;
  const look = { columns: screen?.columns ?? 80, isBold: screen !== undefined && process.env.TERM !== 'dumb' };
  await shown(rendered(text, look), output);
  return 0;
}

function contents(): string {
  const lines = TOPICS.map(({ name, section, about }) => `  ${name.padEnd(14)} (${section})  ${about}`);
  return `Manual pages; ipsec help PAGE shows one:\n${lines.join('\n')}\n
ipsec help KEYWORD says what a keyword of ipsec.conf means (ipsec help rekeymargin;
ipsec help auto= for one that is a page as well), ipsec help COMMAND what a command takes.\n`;
}
