/** Leased addresses on real interfaces, in a namespace of their own. */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { commandExists } from '../support/machine.ts';
import { pair } from '../support/topology.ts';

const extension = extname(import.meta.filename);
const program = fileURLToPath(new URL(`./link-addresses-end${extension}`, import.meta.url));
const command = [process.execPath, ...(extension === '.ts' ? ['--import', 'tsx'] : []), program];

const lacks = process.getuid?.() !== 0 ? 'needs root' : commandExists('ip') ? undefined : 'needs iproute2';

test('are on the interface towards the peer while somebody has them, and what was there before stays', async (context) => {
  context.skip(lacks !== undefined, lacks);
  const { network, west } = await pair();
  try {
    const steps = [
      'add 10.9.0.5 192.0.2.2',
      'add 10.9.0.5 192.0.2.2',
      'add fd09::5 2001:db8::2',
      'add 10.1.0.1 192.0.2.2',
      'remove 10.9.0.5',
      'remove 10.9.0.5',
      'remove 10.9.0.5',
      'remove fd09::5',
      'remove 10.1.0.1',
    ];
    const stdout = await west.host.must([...command, JSON.stringify(steps)]);
    const seen = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { said?: string; there: string[] });
    const has = (where: string) => seen.map(({ there }) => there.includes(where));
    expect(has('eth0 10.9.0.5')).toEqual([true, true, true, true, true, false, false, false, false]);
    expect(has('eth0 fd09::5')).toEqual([false, false, true, true, true, true, true, false, false]);
    expect(has('lo 10.1.0.1')).toEqual(steps.map(() => true));
    expect(seen.map(({ said }) => said)).toEqual([
      'put 10.9.0.5 on eth0',
      '10.9.0.5 is on its interface already',
      'put fd09::5 on eth0',
      '10.1.0.1 is on lo already, and stays there',
      undefined,
      'took 10.9.0.5 off',
      undefined,
      'took fd09::5 off',
      undefined,
    ]);
  } finally {
    await network.close();
  }
});
