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

test('a net of one protocol leaves the others to anybody; said again for a child, the former ones are free', () => {
  const chosen = new ChosenNets();
  const web = [Selector.ofSubnet(Subnet.parse('10.1.0.0/16')!, 6, 443, 443)];
  const mail = [Selector.ofSubnet(Subnet.parse('10.1.0.0/16')!, 6, 25, 25)];
  chosen.add(1, 'paul', web);
  chosen.add(2, 'peter', mail);
  expect(chosen.holder(nets('10.1.2.0/24'), 'paul')).toBe('peter');
  expect(chosen.holder(mail, 'mary')).toBe('peter');
  expect(chosen.holder(web, 'mary')).toBe('paul');
  chosen.add(1, 'paul', nets('10.3.0.0/16'));
  expect(chosen.holder(web, 'mary')).toBeUndefined();
  chosen.remove(7);
  expect(chosen.holder(nets('10.3.9.0/24'), 'mary')).toBe('paul');
});
