import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/conf/load.ts';
import { formatProblem } from '../../src/conf/problem.ts';
import { memoryFiles } from './memory-files.ts';

const load = (...lines: readonly string[]) => {
  const text = `config setup\n${lines.map((line) => `  ${line}\n`).join('')}`;
  const { setup, problems } = loadConfig('/c', memoryFiles({ '/c': text }));
  return { radius: setup.radius, problems: problems.map(formatProblem) };
};

describe('radius-… of config setup', () => {
  test('without a server there is no RADIUS', () => {
    expect(load().radius).toBeUndefined();
    expect(load('radius-accounting=yes').problems).toEqual([
      '/c:2: [config setup] warning: radius-accounting=: has no effect without radius-server=',
    ]);
    expect(load('radius-timeout=3s')).toEqual({ radius: undefined, problems: [] });
  });

  test('servers in the order of the file, with the ports of RFC 2865 and 2866', () => {
    const { radius, problems } = load(
      'radius-server=192.0.2.10,192.0.2.11:1645',
      'radius-server="[2001:db8::1]:18:19"',
    );
    expect(problems).toEqual([]);
    expect(radius?.servers.map(({ address, authPort, acctPort }) => `${address} ${authPort} ${acctPort}`)).toEqual([
      '192.0.2.10 1812 1813',
      '192.0.2.11 1645 1646',
      '2001:db8::1 18 19',
    ]);
    expect(radius).toMatchObject({ timeoutMs: 2000, retries: 2, deadTimeMs: 60_000, accounting: false, interimMs: 0 });
    expect(radius?.daeListen).toEqual([]);
    expect(radius?.daeClients.map(String)).toEqual(['192.0.2.10', '192.0.2.11', '2001:db8::1']);
  });

  test('an address with colons has no port', () =>
    expect(load('radius-server=2001:db8::1').radius?.servers[0]).toMatchObject({ authPort: 1812 }));

  test('where sessions may be ended, and by whom', () => {
    const { radius } = load(
      'radius-server=192.0.2.10',
      'radius-dae-listen=192.0.2.1,[2001:db8::2]:1700',
      'radius-dae-clients=192.0.2.9',
    );
    expect(radius?.daeListen.map(String)).toEqual(['192.0.2.1:3799', '[2001:db8::2]:1700']);
    expect(radius?.daeClients.map(String)).toEqual(['192.0.2.9']);
  });

  test.each([
    ['radius-server=radius.example', 'radius-server=: expected ADDRESS[:PORT[:ACCOUNTING-PORT]], got "radius.example"'],
    ['radius-server=192.0.2.1:0', 'radius-server=: expected ADDRESS[:PORT[:ACCOUNTING-PORT]], got "192.0.2.1:0"'],
    [
      'radius-server=192.0.2.1:1:2:3',
      'radius-server=: expected ADDRESS[:PORT[:ACCOUNTING-PORT]], got "192.0.2.1:1:2:3"',
    ],
    ['radius-dae-listen=any', 'radius-dae-listen=: expected ADDRESS[:PORT], got "any"'],
    ['radius-dae-clients=10.0.0.0/8', 'radius-dae-clients=: expected addresses, got "10.0.0.0/8"'],
  ])('%s is refused', (line, problem) => expect(load(line).problems[0]).toBe(`/c:2: [config setup] ${problem}`));

  test('times that no handshake survives are mended', () => {
    const { radius, problems } = load('radius-server=192.0.2.1', 'radius-timeout=1m', 'radius-interim=1s');
    expect(radius).toMatchObject({ timeoutMs: 10_000, interimMs: 60_000 });
    expect(problems).toEqual([
      '/c:3: [config setup] warning: radius-timeout=: expected 500ms to 10s; the nearest of it is used',
      '/c:4: [config setup] warning: radius-interim=: expected 0, or 60s to 1d; the nearest of it is used',
    ]);
  });
});
