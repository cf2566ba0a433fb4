/** The subcommands of `ipsec` that are not done by whack; each is loaded when it is wanted. */
import type { IpsecLine } from './ipsec-line.ts';
import type { Output } from './output.ts';

interface Runner {
  /** The exit status. */
  run(line: IpsecLine, output: Output): Promise<number>;
}

export const RUNNERS: ReadonlyMap<string, () => Promise<Runner>> = new Map(
  Object.entries({
    reload: () => import('./commands/reload.ts'),
    addconn: () => import('./commands/addconn.ts'),
    checkconfig: () => import('./commands/checkconfig.ts'),
    readwriteconf: () => import('./commands/readwriteconf.ts'),
    algparse: () => import('./commands/algparse.ts'),
    simulate: () => import('./commands/simulate.ts'),
    tune: () => import('./commands/tune.ts'),
    verify: () => import('./commands/verify.ts'),
    import: () => import('./commands/import.ts'),
    newhostkey: () => import('./commands/newhostkey.ts'),
    rsasigkey: () => import('./commands/rsasigkey.ts'),
    ecdsasigkey: () => import('./commands/ecdsasigkey.ts'),
    showhostkey: () => import('./commands/showhostkey.ts'),
    look: () => import('./commands/look.ts'),
    barf: () => import('./commands/barf.ts'),
    completion: () => import('./commands/completion.ts'),
    help: () => import('./commands/help.ts'),
  }),
);
