import { expect, test } from 'vitest';
import { ChosenNets } from '../../src/actors/chosen-nets.ts';
import { Selector } from '../../src/net/selector.ts';
import { Subnet } from '../../src/net/subnet.ts';

const nets = (...texts: readonly string[]) => texts.map((text) => Selector.ofSubnet(Subnet.parse(text)!));

test('a net is its chooser’s for as long as one of its children has it', () => {
  const chosen = new ChosenNets();
  chosen.add(1, 'paul', nets('10.1.0.0/16', 'fd01::/64'));
  chosen.add(2, 'paul', nets('10.1.0.0/16'));
  expect(chosen.holder(nets('10.1.7.0/24'), 'mary')).toBe('paul');
  expect(chosen.holder(nets('10.2.0.0/16', 'fd01::1/128'), 'mary')).toBe('paul');
  expect(chosen.holder(nets('10.0.0.0/8'), 'mary')).toBe('paul');
  expect(chosen.holder(nets('10.1.0.0/16'), 'paul')).toBeUndefined();
  expect(chosen.holder(nets('10.2.0.0/16', 'fd02::/64'), 'mary')).toBeUndefined();
  chosen.remove(1);
  expect(chosen.holder(nets('fd01::/64'), 'mary')).toBeUndefined();
  expect(chosen.holder(nets('10.1.0.0/16'), 'mary')).toBe('paul');
  chosen.remove(2);
  expect(chosen.holder(nets('10.1.0.0/16'), 'mary')).toBeUndefined();
});
