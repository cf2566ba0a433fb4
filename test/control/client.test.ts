import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Answer } from '../../src/control/answer.ts';
import { converse } from '../../src/control/client.ts';
import { listenControl } from '../../src/control/listen.ts';
import type { Request } from '../../src/control/protocol.ts';

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
