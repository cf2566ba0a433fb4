/** CP payloads in INFORMATIONAL exchanges, RFC 7296 §2.20, §3.15. West is the road warrior that asks, east leases. */
import { expect, test } from 'vitest';
import type { CpPolicy } from '../../../src/ike/policy.ts';
import { CFG_ATTRIBUTE, CFG_TYPE, EXCHANGE, type Payload } from '../../../src/ike/wire/index.ts';
import { Address } from '../../../src/net/address.ts';
import { range } from '../../services/leases/ranges.ts';
import { type Pair, pair } from './pair.ts';
import { selectors } from './policies.ts';
import { sendRequest, tampered } from './tamper.ts';

const SERVER: CpPolicy = {
  role: 'server',
  pools: [range('10.9.0.1-10.9.0.254')],
  dns: [Address.parse('10.0.2.53')!, Address.parse('2001:db8::53')!],
  domains: ['example.org'],
  banner: 'welcome',
};

function road(cp: CpPolicy | 'none' = SERVER): Pair {
  const isLeasing = cp !== 'none';
  const child = { local: selectors('10.0.2.0/24'), ...(isLeasing && { remote: [] }) };
  const made = pair({
    west: {
      policy: isLeasing
        ? { cp: { role: 'client', families: [4] }, child: { remote: selectors('10.0.2.0/24') } }
        : { child: { remote: selectors('10.0.2.0/24') } },
    },
    east: { policy: { ...(isLeasing && { cp }), child } },
  });
  made.west.up();
  const [asks, says] = isLeasing ? ['CP(CFG_REQUEST), ', 'CP(CFG_REPLY), '] : ['', ''];
  made.wire.expect('IKE_SA_INIT { SA, KE, Ni } -->');
  made.wire.expect('<-- IKE_SA_INIT { SA, KE, Nr }');
  made.wire.expect(`IKE_AUTH { IDi, IDr, AUTH, ${asks}SA, TSi, TSr } -->`);
  made.wire.expect(`<-- IKE_AUTH { IDr, AUTH, ${says}SA, TSi, TSr }`);
  return made;
}

const { INTERNAL_IP4_ADDRESS, INTERNAL_IP4_DNS, INTERNAL_IP6_DNS, INTERNAL_DNS_DOMAIN } = CFG_ATTRIBUTE;
const { INTERNAL_IP4_SUBNET, APPLICATION_VERSION, SUPPORTED_ATTRIBUTES } = CFG_ATTRIBUTE;

const cp = (cfgType: number, ...types: readonly number[]): Payload => ({
  type: 'CP',
  critical: false,
  cfgType,
  attributes: types.map((type) => ({ type, value: new Uint8Array() })),
});

/** East's answer, its attributes by type; undefined: it has no CP payload. */
function ask({ west, east, wire }: Pair, payload: Payload, answer: string) {
  sendRequest(wire, west, EXCHANGE.INFORMATIONAL, [payload]);
  wire.expect('forged -->');
  let found: readonly Payload[] = [];
  const flight = wire.expect(`<-- INFORMATIONAL { ${answer}${answer && ' '}}`);
  tampered(east, flight, (payloads) => {
    found = payloads;
    return [...payloads];
  });
  const reply = found.find((each) => each.type === 'CP');
  return reply?.type === 'CP'
    ? reply.attributes.map(({ type, value }) => [type, Buffer.from(value).toString('hex')])
    : undefined;
}

const hex = (text: string) => Buffer.from(text).toString('hex');

test('what is asked for is told, and nothing else', () => {
  const made = road();
  const reply = ask(made, cp(CFG_TYPE.CFG_REQUEST, INTERNAL_IP4_DNS, INTERNAL_DNS_DOMAIN), 'CP(CFG_REPLY)');
  expect(reply).toEqual([
    [INTERNAL_IP4_DNS, '0a000235'],
    [INTERNAL_DNS_DOMAIN, hex('example.org')],
  ]);
  const more = [INTERNAL_IP4_ADDRESS, INTERNAL_IP6_DNS, INTERNAL_IP4_SUBNET, INTERNAL_IP6_DNS];
  expect(ask(made, cp(CFG_TYPE.CFG_REQUEST, ...more), 'CP(CFG_REPLY)')).toEqual([
    [INTERNAL_IP4_ADDRESS, '0a090001'],
    [INTERNAL_IP6_DNS, '20010db8000000000000000000000053'],
    [INTERNAL_IP4_SUBNET, '0a000200ffffff00'],
  ]);
  expect([...made.east.leases.pools()].map(({ inUse }) => inUse)).toEqual([1]);
});

test('our version is declined, and what we know is listed', () => {
  const made = road();
  expect(ask(made, cp(CFG_TYPE.CFG_REQUEST, APPLICATION_VERSION), 'CP(CFG_REPLY)')).toEqual([
    [APPLICATION_VERSION, ''],
  ]);
  const [[type, value]] = ask(made, cp(CFG_TYPE.CFG_REQUEST, SUPPORTED_ATTRIBUTES), 'CP(CFG_REPLY)')!;
  expect([type, value]).toEqual([SUPPORTED_ATTRIBUTES, '0001000300070008000a000d000e000f00197000']);
});

test('what nobody knows gets an empty reply; what is pushed at us, an acknowledgement of nothing', () => {
  const made = road();
  expect(ask(made, cp(CFG_TYPE.CFG_REQUEST, 4_000), 'CP(CFG_REPLY)')).toEqual([]);
  expect(ask(made, cp(CFG_TYPE.CFG_SET, INTERNAL_IP4_DNS), 'CP(CFG_ACK)')).toEqual([]);
  expect(made.east.established()?.sa.state).toBe('established');
});

test('an answer to nothing is answered by nothing', () => {
  const made = road();
  expect(ask(made, cp(CFG_TYPE.CFG_REPLY, INTERNAL_IP4_DNS), '')).toBeUndefined();
});

test('where nothing is leased, nothing of the inside is told', () => {
  const made = road('none');
  expect(ask(made, cp(CFG_TYPE.CFG_REQUEST, INTERNAL_IP4_DNS, APPLICATION_VERSION), 'CP(CFG_REPLY)')).toEqual([
    [APPLICATION_VERSION, ''],
  ]);
});

test('who has not proven who it is gets no answer to it', () => {
  const made = pair({ east: { policy: { cp: SERVER, child: { remote: [] } } } });
  const { west, east, wire } = made;
  west.up();
  wire.expect('IKE_SA_INIT { SA, KE, Ni } -->');
  wire.expect('<-- IKE_SA_INIT { SA, KE, Nr }');
  wire.lose('IKE_AUTH { IDi, IDr, AUTH, SA, TSi, TSr } -->');
  sendRequest(wire, west, EXCHANGE.INFORMATIONAL, [cp(CFG_TYPE.CFG_REQUEST, INTERNAL_IP4_DNS)]);
  const before = wire.sent.length;
  wire.expect('forged -->');
  expect(wire.sent.slice(before)).toEqual([]);
  expect(east.established()).toBeUndefined();
});
