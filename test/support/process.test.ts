import { expect, test } from 'vitest';
import { eventually, must, run, start } from './process.ts';

test('run gives status, output and error output apart', async () => {
  expect(await run(['sh', '-c', 'echo out; echo err >&2; exit 3'])).toEqual({
    status: 3,
    stdout: 'out\n',
    stderr: 'err\n',
  });
});

test('must throws with what the program said', async () => {
  await expect(must(['sh', '-c', 'echo no such tunnel >&2; exit 1'])).rejects.toThrow('no such tunnel');
});

test('a program that does not end in time has status 124', async () => {
  expect(await run(['tail', '-f', '/dev/null'], { within: 50 })).toMatchObject({ status: 124 });
});

test('says finds what was said before and what comes later', async () => {
  const program = start(['sh', '-c', 'echo ready; read line; echo never']);
  expect((await program.says(/re(a)dy/))[1]).toBe('a');
  expect((await program.says(/ready/))[0]).toBe('ready');
  await program.ended;
});

test('says throws when the program ends without a word of it', async () => {
  await expect(start(['sh', '-c', 'echo something else']).says(/ready/)).rejects.toThrow('something else');
});

test('stop ends by signal, and by SIGKILL what will not hear', async () => {
  expect(await start(['tail', '-f', '/dev/null']).stop('SIGTERM')).toBe(128 + 15);
  const deaf = start(['sh', '-c', 'trap "" TERM; echo deaf; while :; do :; done']);
  await deaf.says(/deaf/);
  expect(await deaf.stop('SIGTERM', 50)).toBe(128 + 9);
});

test('eventually gives up', async () => {
  await expect(eventually('nothing', () => undefined, 1)).rejects.toThrow('not within 1 ms: nothing');
});
