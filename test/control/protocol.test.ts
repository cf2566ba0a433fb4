import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { type ConnText, isReport, parseReply, parseRequest, type Request } from '../../src/control/protocol.ts';

const CONN: ConnText = { name: 'w-e', file: '/etc/ipsec.conf', line: 3, keywords: { left: '192.0.2.1', pfs: 'yes' } };

describe('parseRequest', () => {
  const requests: readonly Request[] = [
    { kind: 'status' },
    { kind: 'trafficstatus' },
    { kind: 'trafficstatus', name: 'w-e' },
    { kind: 'add', conn: CONN },
    { kind: 'initiate', name: 'w-e' },
    { kind: 'initiate', name: 'w-e', asynchronous: true, remoteHost: '192.0.2.7' },
    { kind: 'ddos', mode: 'busy' },
    { kind: 'debug', set: ['all'], clear: [] },
    { kind: 'shutdown', leaveState: true },
  ];
  test.each(requests)('takes %j as it is', (request) => {
    expect(parseRequest(request)).toEqual(request);
  });

  test.each<[string, unknown]>([
    ['initiate: name is missing', { kind: 'initiate' }],
    ['initiate: name: expected text', { kind: 'initiate', name: 7 }],
    ['initiate: unknown field "nmae"', { kind: 'initiate', name: 'w-e', nmae: 'x' }],
    ['status: unknown field "name"', { kind: 'status', name: 'w-e' }],
    ['ddos: mode: expected one of auto, busy, unlimited', { kind: 'ddos', mode: 'lazy' }],
    ['debug: set: expected a list of texts', { kind: 'debug', set: ['all', 1], clear: [] }],
    ['add: conn: expected an object of name, file, line, keywords', { kind: 'add', conn: { ...CONN, line: -1 } }],
    ['add: conn: expected an object of name, file, line, keywords', { kind: 'add', conn: { ...CONN, keywords: [] } }],
    ['unknown request "reboot"', { kind: 'reboot' }],
    ['unknown request "toString"', { kind: 'toString' }],
    ['unknown request of type undefined', {}],
    ['a request is an object', 'status'],
    ['a request is an object', null],
  ])('says "%s"', (wrong, request) => {
    expect(parseRequest(request)).toEqual({ wrong });
  });

  test('any value is a request or a wrong', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const parsed = parseRequest(value);
        expect('kind' in parsed || 'wrong' in parsed).toBe(true);
      }),
    );
  });

  test('the table gives the types', () => {
    expectTypeOf<Extract<Request, { kind: 'initiate' }>['asynchronous']>().toEqualTypeOf<boolean | undefined>();
    expectTypeOf<Extract<Request, { kind: 'ddos' }>['mode']>().toEqualTypeOf<'auto' | 'busy' | 'unlimited'>();
    expectTypeOf<ConnText['keywords']>().toEqualTypeOf<Record<string, string>>();
  });
});

test('a report is a question, everything else a command', () => {
  expect(isReport('trafficstatus')).toBe(true);
  expect(isReport('initiate')).toBe(false);
});

test('parseReply takes the three replies and nothing else', () => {
  for (const reply of [
    { t: 'line', code: 4, text: 'up' },
    { t: 'rows', of: 'totals', rows: [{ loaded: 1, active: 0 }] },
    { t: 'end', exit: 0 },
  ]) {
    expect(parseReply(reply)).toBe(reply);
  }
  for (const other of [null, 'end', { t: 'end' }, { t: 'line', code: '4', text: 'up' }, { t: 'rows', of: 'totals' }]) {
    expect(parseReply(other)).toBeUndefined();
  }
});
