/** A long text, a screen at a time where somebody is looking. */
import { spawn } from 'node:child_process';
import type { Output } from '../output.ts';

export async function shown(text: string, output: Output): Promise<void> {
  if (output.screen && (await paged(text))) return;
  await output.out(text);
}

/** False where there is no pager. */
async function paged(text: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const command = process.env.MANPAGER || process.env.PAGER || 'less';
    // F: do not stop at the end of what fits one screen; R: bold is bold; X: leave the text where it is.
    const env = { ...process.env, LESS: process.env.LESS ?? 'FRX' };
    const pager = spawn('sh', ['-c', command], { stdio: ['pipe', 'inherit', 'inherit'], env });
    const NOT_FOUND = 127;
    pager.once('error', () => resolve(false));
    pager.once('close', (code) => resolve(code !== NOT_FOUND));
    // Whoever has read enough goes before the end.
    pager.stdin.on('error', () => {});
    pager.stdin.end(text);
  });
}
