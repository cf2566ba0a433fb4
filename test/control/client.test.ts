import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Answer } from '../../src/control/answer.ts';
import { converse } from '../../src/control/client.ts';
import { listenControl } from '../../src/control/listen.ts';
import type { Request } from '../../src/control/protocol.ts';
import { RC } from '../../src/control/reply-codes.ts';

test('no more requests are on their way than two, and a daemon that goes ends the asking', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'pluto-client-'));
  const waiting: Answer[] = [];
  let most = 0;
  let answered = 0;
  const listened = await listenControl({
    path: join(dir, 'pluto.ctl'),
    peerCredentials: () => ({ pid: 1, uid: 0, gid: 0 }),
    handle: (request, answer) => {
      if (request.kind === 'replace') most = Math.max(most, Number(request.conn.name) - answered);
      answered++;
      if (answered === 20) waiting.push(answer);
      else answer.end();
    },
  });
  if ('fault' in listened) throw new Error(listened.fault.text);
  const requests = Array.from({ length: 30 }, (_, i): Request => {
    const conn = { name: `${i}`, file: 'x', line: 0, keywords: {} };
    return { kind: 'replace', conn };
  });
  const asking = converse({ path: join(dir, 'pluto.ctl'), requests, onReply: () => {} });
  await expect.poll(() => waiting.length).toBe(1);
  expect(most).toBeLessThanOrEqual(2);
  expect(answered).toBe(20);
  await listened.server.close(0);
  expect(await asking).toMatchObject({ fault: { kind: 'broken' } });
  rmSync(dir, { recursive: true });
});

describe('a prompt', () => {
  async function initiating(
    type: ((question: string, over: AbortSignal) => Promise<string | undefined>) | undefined,
    during: (answer: Answer, typed: (octets: Uint8Array | undefined) => void) => void,
  ) {
    const dir = mkdtempSync(join(tmpdir(), 'pluto-client-'));
    const path = join(dir, 'pluto.ctl');
    const typed: (string | undefined)[] = [];
    const listened = await listenControl({
      path,
      peerCredentials: () => ({ pid: 1, uid: 0, gid: 0 }),
      handle: (_, answer) =>
        during(answer, (octets) => {
          typed.push(octets && Buffer.from(octets).toString());
          answer.end();
        }),
    });
    if ('fault' in listened) throw new Error(listened.fault.text);
    const outcome = await converse({
      path,
      requests: [{ kind: 'initiate', name: 'w-e' }],
      onReply: () => {},
      ...(type && { onPrompt: ({ code, text }, over) => type(`${code} ${text}`, over) }),
    });
    await listened.server.close(0);
    rmSync(dir, { recursive: true });
    return { outcome, typed };
  }

  test('is answered on the socket that it came by', async () => {
    const asked: string[] = [];
    const type = async (question: string) => {
      asked.push(question);
      return 'swordfish';
    };
    const { outcome, typed } = await initiating(type, (answer, heard) => answer.prompt?.(10, 'password', heard));
    expect([outcome, typed, asked]).toEqual([{ exit: 0 }, ['swordfish'], ['10 password']]);
  });

  test('to nobody, or to who cannot type, comes back empty', async () => {
    const nobody = await initiating(undefined, (answer, heard) => answer.prompt?.(11, 'user', heard));
    expect(nobody).toEqual({ outcome: { exit: 0 }, typed: [undefined] });
    const unable = () => Promise.reject(new Error('no terminal'));
    const failed = await initiating(unable, (answer, heard) => answer.prompt?.(11, 'user', heard));
    expect(failed).toEqual({ outcome: { exit: 0 }, typed: [undefined] });
  });

  test('is over when pluto waits no longer', async () => {
    let isOver = false;
    const type = (_: string, over: AbortSignal) =>
      new Promise<string | undefined>((resolve) => {
        over.addEventListener('abort', () => {
          isOver = true;
          resolve('too late');
        });
      });
    const { outcome, typed } = await initiating(type, (answer) => {
      answer.prompt?.(10, 'password', () => {});
      answer.line(RC.CRYPTOFAILED, 'the peer has given up');
      answer.end();
    });
    expect([outcome, typed, isOver]).toEqual([{ exit: RC.CRYPTOFAILED }, [], true]);
  });
});
