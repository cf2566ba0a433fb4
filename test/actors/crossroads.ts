/** West means to go to east; north is a gateway with the same identity. */

import type { Services } from '../../src/actors/world.ts';
import type { Question } from '../../src/ike/questions.ts';
import { Address } from '../../src/net/address.ts';
import { conn, House, type HouseOptions, PSK, town } from './town.ts';

export const NORTH = '192.0.2.3';
export const SOUTH = '192.0.2.4';

type Changes = Readonly<Record<string, string | undefined>>;

export function crossroads(
  changes: Changes = {},
  north: Changes = {},
  {
    west,
    east,
    ...more
  }: { readonly west?: Partial<HouseOptions>; readonly east?: Partial<HouseOptions>; readonly conf?: string } = {},
) {
  const made = town({
    west: { conf: conn('w-e', { 'accept-redirect': 'yes', ...changes }) + (more.conf ?? ''), ...west },
    ...(east && { east }),
  });
  const conf = conn('w-n', { right: NORTH, ...north });
  const other = new House('north', made.clock, made.wire, { address: NORTH, conf, secrets: PSK });
  made.clock.settle();
  const up = () => made.west.whack({ kind: 'initiate', name: 'w-e' });
  const said = (house: House) => house.log.filter((line) => /redirect/i.test(line)).join('\n');
  return { ...made, north: other, up, said };
}

/** Whoever answers with these addresses, after `ms`. */
export function resolving(hosts: Readonly<Record<string, string>>, later: (answer: () => void) => void): Services {
  const asked: string[] = [];
  return {
    ask: (id, question: Question, owner) => {
      if (question.t !== 'addresses') throw new Error(`asked for ${question.t}`);
      asked.push(...question.names);
      const addresses = question.names.flatMap((name) => Address.parse(hosts[name] ?? '') ?? []);
      const reply = { t: 'addresses', addresses: addresses.filter((a) => a.family === question.family) } as const;
      later(() => void owner.tell({ t: 'reply', id, reply }));
    },
    forgetEap: () => {},
    figures: () => [['asked', asked.length]],
  };
}
