import { describe, expect, test } from 'vitest';
import { run } from '../../../src/cli/commands/help.ts';
import { rendered } from '../../../src/cli/manual/render.ts';
import { TOPICS } from '../../../src/cli/manual/topics.ts';

async function help(...operands: string[]) {
  let [stdout, stderr] = ['', ''];
  const output = {
    out: (text: string) => {
      stdout += text;
    },
    err: (line: string) => {
      stderr += `${line}\n`;
    },
  };
  return { exit: await run({ operands }, output), stdout, stderr };
}

const PAGE = `# page(8)

## Name

page - with \`code\`, **weight** and [a link](there.md), long enough to be wrapped into a second line at the least

<!-- table: x -->

### Part

| option | meaning |
| --- | --- |
| \`--a\` | short |
| \`--name=a\\|b\` | of two |
| \`--an-option-with-a-long-name ARGUMENT\` | on a line of its own |

| keyword | meaning | values | default |
| --- | --- | --- | --- |
| \`left\` | where it is | text |  |
| \`pfs\` | fresh keys | yes, no | yes |

<!-- end -->

    $ code stays
      as it is

- one
- two, which goes on
  here
`;

describe('a page', () => {
  test('as plain text', () => {
    expect(rendered(PAGE, { columns: 60, isBold: false })).toMatchSnapshot();
  });

  test('in bold where somebody is looking', () => {
    const text = rendered(PAGE, { columns: 60, isBold: true });
    expect(text).toContain('\x1b[1mName\x1b[22m');
    expect(text).toContain('with \x1b[1mcode\x1b[22m, \x1b[1mweight\x1b[22m and a link');
    expect(text.replaceAll(/\x1b\[\d+m/g, '')).toBe(rendered(PAGE, { columns: 60, isBold: false }));
  });

  test('no wider than the screen', () => {
    const text = rendered(PAGE.replace('    $ code stays', ''), { columns: 44, isBold: false });
    expect(text.split('\n').filter((line) => line.length > 44 && !line.includes('--an-option'))).toEqual([]);
  });
});

describe('ipsec help', () => {
  test('lists the pages', async () => {
    expect(await help()).toMatchSnapshot();
  });

  test.each(TOPICS)('$name shows a page', async ({ name, section }) => {
    const { exit, stdout } = await help(name);
    expect([exit, stdout.split('\n')[0]]).toEqual([0, `${name}(${section})`]);
    expect(stdout).not.toMatch(/<!--|^\||\]\(|\x1b/m);
    expect((await help(`${name}.${section}`)).stdout).toBe(stdout);
  });

  test.each(['rekeymargin', 'leftid', 'auto=', 'plutodebug', 'dpdaction', 'authby'])(
    '%s says what it means',
    async (word) => {
      expect(await help(word)).toMatchObject({ exit: 0, stdout: expect.stringContaining('values   ') });
    },
  );

  test('a keyword with all that is known of it', async () => {
    expect((await help('rekeymargin')).stdout).toMatchSnapshot();
    expect((await help('leftsubnet')).stdout).toContain('leftsubnet, rightsubnet  (conn, ');
    expect((await help('phase2alg')).stdout).toContain('esp  (conn, ');
  });

  test('a subcommand', async () => {
    expect((await help('up')).stdout).toContain('Usage: ipsec up CONN...');
  });

  test('what there is not draws the nearest', async () => {
    expect(await help('rekeymargn')).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining('did you mean rekeymargin?'),
    });
    expect(await help('whak')).toMatchObject({ exit: 1, stderr: expect.stringContaining('did you mean whack?') });
    expect((await help('initnss')).exit).toBe(1);
    expect((await help('x'.repeat(500))).stderr).toContain('ipsec help lists what there is');
  });
});
