import { describe, expect, test } from 'vitest';
import { accepted, refusal } from '../checking.ts';
import { implicit, integer, oid, seq } from './der.ts';
import { another, basicConstraints, ca, certificate, extension, type Made } from './make.ts';

const ANY = '2.5.29.32.0';
const [GOLD, SILVER] = ['1.2.3.1', '1.2.3.2'];

const policies = (...dotted: string[]) => extension('2.5.29.32', seq(...dotted.map((one) => seq(oid(one)))));
const mappings = (...pairs: [string, string][]) =>
  extension('2.5.29.33', seq(...pairs.map(([from, to]) => seq(oid(from), oid(to)))), true);
const constraints = (requireExplicit?: number, inhibitMapping?: number) =>
  extension(
    '2.5.29.36',
    seq(
      ...(requireExplicit === undefined ? [] : [implicit(0, Uint8Array.of(requireExplicit))]),
      ...(inhibitMapping === undefined ? [] : [implicit(1, Uint8Array.of(inhibitMapping))]),
    ),
    true,
  );
const inhibitAny = (n: number) => extension('2.5.29.54', integer(n), true);

/** A root and what follows, to the leaf; each with its extensions. */
function chain(...levels: Uint8Array[][]): Parameters<typeof accepted> {
  const root = ca({ subject: 'CN=root', key: another('p256', 1) });
  let above: Made = root;
  const made = levels.map((extensions, i) => {
    const isLeaf = i === levels.length - 1;
    const own = isLeaf ? extensions : [basicConstraints(true), ...extensions];
    above = certificate({ subject: `CN=n${i}`, key: another('p256', 2 + i), issuer: above, extensions: own });
    return above;
  });
  return [made.reverse(), { anchors: [root] }, { flags: 0 }];
}

describe('where nobody requires a policy', () => {
  test.each([
    ['there need be none', [[], []]],
    ['they need not agree', [[policies(GOLD)], [policies(SILVER)]]],
    ['mapping may be inhibited', [[policies(GOLD), constraints(undefined, 0)], [policies(SILVER)]]],
    ['requiring one later than here is no matter', [[constraints(2)], []]],
  ])('%s', (_, levels) => {
    expect(accepted(...chain(...levels)).names).toHaveLength(3);
  });
});

describe('where one is required', () => {
  test.each<[string, Uint8Array[][]]>([
    ['the same all the way down', [[policies(GOLD), constraints(0)], [policies(GOLD, SILVER)]]],
    ['any above', [[policies(ANY), constraints(0)], [policies(GOLD)]]],
    ['any below', [[policies(GOLD), constraints(0)], [policies(ANY)]]],
    ['one under another name', [[policies(GOLD), constraints(0), mappings([GOLD, SILVER])], [policies(SILVER)]]],
    [
      'any, and one of them under another name',
      [[policies(ANY), constraints(0), mappings([GOLD, SILVER])], [policies(SILVER)]],
    ],
    ['any, once more', [[policies(GOLD), constraints(0), inhibitAny(1)], [policies(ANY)], [policies(GOLD)]]],
  ])('%s will do', (_, levels) => {
    expect(accepted(...chain(...levels)).names).toHaveLength(levels.length + 1);
  });

  test.each<[string, Uint8Array[][]]>([
    ['none', [[policies(GOLD), constraints(0)], []]],
    ['none above', [[constraints(0)], [policies(GOLD)]]],
    ['another one', [[policies(GOLD), constraints(0)], [policies(SILVER)]]],
    ['the name that it had above', [[policies(GOLD), constraints(0), mappings([GOLD, SILVER])], [policies(GOLD)]]],
    [
      'another name where none may be given',
      [[policies(GOLD), constraints(0, 0)], [policies(GOLD), mappings([GOLD, SILVER])], [policies(SILVER)]],
    ],
    ['any where it does not count', [[policies(GOLD), constraints(0), inhibitAny(0)], [policies(ANY)]]],
    ['any, once too often', [[policies(GOLD), constraints(0), inhibitAny(1)], [policies(ANY)], [policies(ANY)]]],
    ['none, when the leaf itself requires it', [[], [constraints(0)]]],
    ['none, a level later', [[constraints(1)], []]],
  ])('%s will not', (_, levels) => {
    expect(refusal(...chain(...levels))).toMatch(
      /^certificate-untrusted: certificate "CN=n\d": it has none of the policies that an authority above requires/,
    );
  });
});

test('any policy cannot be mapped, nor one be there twice', () => {
  expect(refusal(...chain([mappings([ANY, GOLD])], []))).toMatch('certificate-untrusted');
  expect(refusal(...chain([], [policies(GOLD, GOLD)]))).toMatch('a policy is there twice');
});
