import { describe, expect, test } from 'vitest';
import { loadSecrets } from '../../src/conf/secrets.ts';
import { Address } from '../../src/net/address.ts';
import { memoryFiles } from './memory-files.ts';

const load = (text: string) => {
  const { secrets, problems } = loadSecrets('/s', memoryFiles({ '/s': text }));
  const find = (address: string) => {
    const secret = secrets.findRadius(Address.parse(address)!);
    return secret && Buffer.from(secret.reveal()).toString();
  };
  return { secrets, problems, find };
};

describe('secrets of RADIUS', () => {
  test('are found by the address of the server', () => {
    const { find, problems } = load(
      '192.0.2.10 : RADIUS "first"\n2001:db8::10 192.0.2.11 : RADIUS "no server"\n192.0.2.12 : PSK "psk"\n',
    );
    expect(problems).toEqual([]);
    expect(['192.0.2.10', '192.0.2.12'].map(find)).toEqual(['first', undefined]);
  });

  test.each(['', '%any '])('are no server’s where none is named: "%s"', (indices) => {
    const { find, problems } = load(`${indices}: RADIUS "all"\n`);
    expect(problems).toMatchObject([
      { severity: 'error', text: "RADIUS: expected the server's address before the colon: it cannot be for everybody" },
    ]);
    expect(find('192.0.2.12')).toBeUndefined();
  });

  test('are nobody else’s', () => {
    const { find, secrets } = load(
      '192.0.2.10 : RADIUS "radius"\n192.0.2.11 : PSK "psk"\n192.0.2.11 : XAUTH "xauth"\n',
    );
    expect(find('192.0.2.11')).toBeUndefined();
    expect([...secrets.describe()].map(({ kind }) => kind)).toEqual(['RADIUS', 'PSK', 'XAUTH']);
    secrets.wipe();
    expect(find('192.0.2.10')).toBeUndefined();
  });
});
