/** Runs in a network namespace of its own (rtnetlink.test.ts): makes a TUN device and leads routes through it. */
import { closeSync } from 'node:fs';
import { addressAdd, linkUp, openTun, routeAdd, routeDel, routeGet, ruleAdd, ruleDel } from '../../src/native/index.ts';

const octets = (...values: number[]): Uint8Array => Uint8Array.from(values);
const told: Record<string, unknown> = {};
const tell = (what: string, answer: unknown): void => {
  const plain = (_: string, value: unknown) => (value instanceof Uint8Array ? [...value].join('.') : value);
  told[what] = answer === undefined ? 'done' : JSON.parse(JSON.stringify(answer, plain));
};

const tun = openTun('pluto%d', { vnetHeader: true, offloads: 0x01 | 0x02 });
tell('tun', tun);
if (!('errno' in tun)) {
  const { fd, ifindex: oif } = tun;
  const route = { dst: octets(10, 9, 0, 0), prefix: 16, oif };
  tell('no route', routeGet(octets(10, 9, 1, 1)));
  tell('up', linkUp(oif, 1400));
  tell('address', addressAdd(oif, octets(10, 8, 0, 1), 24));
  tell('address6', addressAdd(oif, octets(0xfd, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), 64));
  tell('route', routeAdd(route));
  tell('way', routeGet(octets(10, 9, 1, 1)));
  tell('again', routeAdd({ ...route, src: octets(10, 8, 0, 1), mtu: 1300 }));
  tell('gateway', routeAdd({ dst: octets(10, 10, 0, 0), prefix: 16, gateway: octets(10, 8, 0, 2) }));
  tell('way by gateway', routeGet(octets(10, 10, 1, 1)));
  tell('gateway nowhere', routeAdd({ dst: octets(10, 11, 0, 0), prefix: 16, gateway: octets(172, 16, 0, 2) }));
  tell('delete', routeDel(route));
  tell('delete again', routeDel(route));
  const rule = { family: 4, priority: 210, table: 210, fwmark: 0x10, mask: 0xff, invert: true } as const;
  tell('other table', routeAdd({ dst: octets(0, 0, 0, 0), prefix: 0, oif, table: 210 }));
  tell('rule', ruleAdd(rule));
  tell('rule again', ruleAdd(rule));
  tell('way by rule', routeGet(octets(192, 0, 2, 1)));
  tell('rule deleted', ruleDel(rule));
  tell('no way', routeGet(octets(192, 0, 2, 1)));
  closeSync(fd);
  tell('gone', linkUp(oif));
}
tell('no device', openTun('a name that is far too long'));
console.log(JSON.stringify(told));
