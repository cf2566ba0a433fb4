import { describe, expect, test } from 'vitest';
import { methodOf } from '../../../src/ike/auth/eap/methods.ts';
import { TtlsPhase } from '../../../src/services/eap/phases.ts';
import { TlsAuthenticator } from '../../../src/services/eap/tls-authenticator.ts';
import type { Flight, TlsPort } from '../../../src/services/eap/tls-port.ts';

const NOTHING = new Uint8Array();
const open: Flight = { out: NOTHING, plain: NOTHING, state: 'open', why: undefined, opened: undefined };
const opened: Flight = { ...open, out: Uint8Array.of(20), opened: { isTls13: false, hasCertificate: false } };

/** A tunnel whose flights are these, one after another. */
function tunnel(...flights: readonly Flight[]) {
  const closed: number[] = [];
  let at = 0;
  const port = {
    open: async () => 1,
    feed: async () => flights[at++],
    close: (number: number) => void closed.push(number),
  } as unknown as TlsPort;
  const inner = { end: () => {} } as never;
  const phase = new TtlsPhase({ port, passwords: () => undefined, inner });
  const terms = { role: 'server', key: 1, chain: [], wantsCertificate: false } as const;
  return { method: new TlsAuthenticator({ method: methodOf('eap-ttls'), port, terms, phase }), closed };
}

const RECORD = Uint8Array.of(0, 21, 3, 3, 0, 1, 9);
const ACKNOWLEDGED = Uint8Array.of(0);

describe('a tunnel that its other end gives up', () => {
  test('by an alert that OpenSSL makes nothing of, ends the conversation', async () => {
    const { method, closed } = tunnel(opened, open);
    expect(await method.next(RECORD, 1)).toMatchObject({ t: 'ask' });
    expect(await method.next(RECORD, 2)).toEqual({ t: 'fail', why: 'TLS: the other end gives up' });
    method.end();
    expect(closed).toEqual([1]);
  });

  test('by close_notify, is not answered', async () => {
    const { method } = tunnel(opened, { ...open, state: 'closed', why: 'the other end has closed the tunnel' });
    await method.next(RECORD, 1);
    expect(await method.next(RECORD, 2)).toEqual({ t: 'fail', why: 'TLS: the other end has closed the tunnel' });
  });

  test('is another than one whose other end says "go on"', async () => {
    const { method } = tunnel(opened, open);
    await method.next(RECORD, 1);
    expect(await method.next(ACKNOWLEDGED, 2)).toMatchObject({ t: 'ask' });
  });
});

test('an alert of ours is heard out before the end', async () => {
  const alert: Flight = { ...open, out: Uint8Array.of(21), state: 'closed', why: 'no shared cipher' };
  const { method } = tunnel(alert, open);
  expect(await method.next(RECORD, 1)).toMatchObject({ t: 'ask' });
  expect(await method.next(ACKNOWLEDGED, 2)).toEqual({ t: 'fail', why: 'TLS: no shared cipher' });
});
