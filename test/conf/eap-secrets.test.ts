import { describe, expect, test } from 'vitest';
import { loadSecrets } from '../../src/conf/secrets.ts';
import { Address } from '../../src/net/address.ts';
import { Id } from '../../src/net/id.ts';
import { memoryFiles } from './memory-files.ts';

const load = (text: string) => {
  const { secrets, problems } = loadSecrets('/s', memoryFiles({ '/s': text }));
  const find = (user: string) => {
    const secret = secrets.findEap(user);
    return secret && Buffer.from(secret.reveal()).toString();
  };
  return { secrets, problems, find };
};

describe('passwords of EAP users', () => {
  test('are found by name, written with or without @, by mailbox and by domain', () => {
    const { find, problems } = load(
      'carol : EAP "one"\n@dave : EAP "two"\nerin@example.org : EAP "three"\nWORK\\frank : EAP "four"\n192.0.2.1 : EAP "five"\n',
    );
    expect(problems).toEqual([]);
    expect(['carol', 'dave', 'erin@example.org', 'WORK\\frank', '192.0.2.1'].map(find)).toEqual([
      ...['one', 'two', 'three', 'four', 'five'],
    ]);
    expect(['erin', 'frank', 'nobody', '', '%any', '@carol'].map(find)).toEqual(Array(6).fill(undefined));
  });

  test('come before those of XAUTH users, and these before nobody', () => {
    const { find } = load('@carol : XAUTH "xauth"\n@dave : XAUTH "dave’s"\ncarol : EAP "eap"\n');
    expect(['carol', 'dave'].map(find)).toEqual(['eap', 'dave’s']);
  });

  test.each(['', '%any ', '0.0.0.0 ', '%any6 %any '])('are nobody’s where no user is named: "%s"', (indices) => {
    const { secrets, problems, find } = load(
      `${indices}: EAP "one for all"\n${indices}: XAUTH "one for all"\ncarol : EAP "hers"\n`,
    );
    expect(problems.map(({ severity, line, text }) => [severity, line, text])).toEqual([
      ['error', 1, "EAP: expected the user's name before the colon: it cannot be for everybody"],
      ['error', 2, "XAUTH: expected the user's name, such as @joe, before the colon: it cannot be for everybody"],
    ]);
    expect(['carol', 'mallory', '', '%any', '0.0.0.0'].map(find)).toEqual(['hers', ...Array(4).fill(undefined)]);
    expect(secrets.findXauth('mallory')).toBeUndefined();
    expect(JSON.stringify(problems)).not.toContain('one for all');
  });

  test('may have %any beside the user, who is the only one they are for', () => {
    const { problems, find } = load('carol %any : EAP "hers"\n');
    expect(problems).toEqual([]);
    expect(['carol', 'mallory'].map(find)).toEqual(['hers', undefined]);
  });

  test('are no pre-shared keys, and a bare name is a user’s in their entries only', () => {
    const { secrets, problems, find } = load('carol : EAP "eap"\ncarol : PSK "psk"\n');
    expect(problems.map(({ text }) => text)).toEqual([expect.stringContaining('matches nobody')]);
    const carol = Id.parse('@carol')!;
    const any = { local: Address.parse('192.0.2.1')!, remote: Address.parse('192.0.2.2')! };
    expect(secrets.findPsk(carol, undefined, any)).toBeUndefined();
    expect([...secrets.describe()].map(({ kind, indices }) => [kind, ...indices])).toEqual([
      ['EAP', '@carol'],
      ['PSK', '(none)'],
    ]);
    secrets.wipe();
    expect(find('carol')).toBeUndefined();
  });
});
