import { expect, test } from 'vitest';
import { anchored } from '../../src/cli/background.ts';

test('paths hold wherever the daemon stands', () => {
  const argv = ['--config', 'here.conf', '--rundir=run', '--secretsfile', '/abs/*.secrets', '--logfile', '../log'];
  expect(anchored([...argv, '--debug', 'base', '--stderrlog'], '/home/op')).toEqual([
    ...['--config', '/home/op/here.conf', '--rundir=/home/op/run', '--secretsfile', '/abs/*.secrets'],
    ...['--logfile', '/home/log', '--debug', 'base', '--stderrlog'],
  ]);
});

test('what is no path stays as it is', () => {
  const argv = ['--listen', 'eth0', '--vendorid=a/b', '--nofork', '--config', '--nofork'];
  expect(anchored(argv, '/home/op')).toEqual(argv);
});
