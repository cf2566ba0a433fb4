import { describe, expect, test } from 'vitest';
import { adds, means, old, takes, yes } from '../../src/conf/whack-form.ts';

describe('a usage', () => {
  test('tells name and argument of each spelling', () => {
    expect(takes('--ike PROPOSALS', '--ike_alg[=yes|no]', old('--ike4'))).toEqual({
      spellings: [
        { name: 'ike', arg: 'required', argName: 'PROPOSALS' },
        { name: 'ike_alg', arg: 'optional', argName: 'yes|no' },
        { name: 'ike4', arg: 'none', isObsolete: true },
      ],
    });
    expect(means('esp', '--encrypt')).toEqual({ spellings: [{ name: 'encrypt', arg: 'none' }], means: 'esp' });
    expect(yes('--pfs')).toEqual(means('yes', '--pfs[=yes|no]'));
    expect(adds('secret', '--psk')).toEqual({ ...means('secret', '--psk'), isWord: true });
  });

  test.each(['ike', '-ike', '--', '--ike ', '--ike A B', '--ike=A', '--ike[A]', '--ike [=A]'])(
    '"%s" is none',
    (usage) => expect(() => takes(usage)).toThrow('is no usage'),
  );
});
