/** A folder of configuration files, and `ipsec` run on one of them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { ipsec } from '../../../src/cli/ipsec.ts';

export interface Ran {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Files {
  readonly dir: string;
  /** Runs `ipsec` with these words and `--config` of the first file; the folder's name is cut out of what it says. */
  run(...words: string[]): Promise<Ran>;
}

export function files(texts: Readonly<Record<string, string>>): Files {
  const dir = mkdtempSync(join(tmpdir(), 'pluto-conf-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  for (const [name, text] of Object.entries(texts)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  const config = join(dir, Object.keys(texts)[0] ?? 'none');
  return {
    dir,
    async run(...words) {
      let [stdout, stderr] = ['', ''];
      const exit = await ipsec([...words, '--config', config], {
        out: (text) => {
          stdout += text;
        },
        err: (line) => {
          stderr += `${line}\n`;
        },
      });
      const here = (text: string) => text.replaceAll(`${dir}/`, '');
      return { exit, stdout: here(stdout), stderr: here(stderr) };
    },
  };
}
