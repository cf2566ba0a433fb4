import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/conf/load.ts';
import { memoryFiles } from './memory-files.ts';

/** What is said of a template whose peers are to have this identity. */
function said(...lines: string[]) {
  const text = ['conn road', 'left=192.0.2.1', 'right=%any', ...lines].join('\n\t').concat('\n');
  const { conns, problems } = loadConfig('/c', memoryFiles({ '/c': text }));
  return { loaded: conns.length, problems: problems.filter((p) => !p.text.includes('has no effect yet')) };
}

describe('`*` in an identity', () => {
  test.each([
    ['rightid=*@example.com', '*@example.com'],
    ['rightid=@*.example.com', '@*.example.com'],
    ['rightid=*.example.com', '*.example.com'],
    ['rightid=@[road-*]', '@[road-*]'],
  ])('%s is taken literally, with a warning of where wildcards are', (line, shown) => {
    expect(said(line)).toMatchObject({
      loaded: 1,
      problems: [
        {
          severity: 'warning',
          line: 4,
          section: 'conn road',
          keyword: 'rightid',
          text:
            `rightid=: "${shown}" is that very name and nobody else's: only distinguished names have wildcards, ` +
            'such as "C=CA, CN=*", and patterns of EAP users belong in righteapid=',
        },
      ],
    });
  });

  test.each([
    ['rightid=%any'],
    ['rightid="C=CA, O=Example, CN=*"'],
    ['rightid=@road.example.com'],
    ['rightid=joe@example.com'],
    ['rightid=@#2a2a'],
    ['rightid=192.0.2.7'],
    ['rightauth=eap-mschapv2', 'leftauth=secret', 'righteapid=*@example.com'],
  ])('%s needs no warning', (...lines) => expect(said(...lines)).toEqual({ loaded: 1, problems: [] }));

  test('what is no identity at all has an error, and that alone', () => {
    expect(said('rightid=%road*').problems.map((p) => p.severity)).toEqual(['error']);
  });
});
