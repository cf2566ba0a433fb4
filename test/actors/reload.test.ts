import { describe, expect, test } from 'vitest';
import { Loading } from '../../src/actors/loading.ts';
import { DEFAULT_SETUP } from '../../src/conf/load.ts';
import { memoryFiles } from '../conf/memory-files.ts';
import { Heard } from './heard.ts';
import { conn, connsIn, type House, type Town, town, upTown } from './town.ts';

const CONFIG = '/etc/ipsec.conf';
const other = (name: string, changes: Record<string, string | undefined> = {}) =>
  conn(name, { leftsubnet: '10.8.1.0/24', rightsubnet: '10.8.2.0/24', ...changes });

/** West as it was started from a file, which may now be another. */
function started(made: Town, files: Record<string, string>) {
  const { west, clock } = made;
  const { world, connections } = west;
  const fs = memoryFiles(files);
  const loading = new Loading({ world, connections, fs, setup: DEFAULT_SETUP });
  loading.start(CONFIG, []);
  const reload = (dryRun = false) => {
    const heard = new Heard();
    loading.reload({ kind: 'reload', config: CONFIG, dryRun }, heard);
    clock.settle();
    return heard;
  };
  return { ...made, files, loading, reload };
}
const plan = (heard: Heard) =>
  heard.rowsOf('plan').map(({ action, conn: name, keywords }) => [action, name, ...(keywords ?? [])].join(' '));
const serials = ({ world }: House) => [...world.registry.entries()].map((e) => `${e.conn.name} $${e.serial}`);
const children = ({ world }: House) => world.sas.size;

describe('ipsec reload', () => {
  test('leaves out IKEv1 where ikev1-policy= allows none, and does the rest', () => {
    const old = other('old', { keyexchange: 'ikev1', ike: 'aes256-sha2_256-modp2048' });
    const { west, reload } = started(town({ west: { ikev1Policy: 'drop' } }), {
      [CONFIG]: conn() + old + other('new'),
    });
    const heard = reload();
    expect(plan(heard)).toEqual(['add new', 'keep w-e']);
    expect(heard.exit).toBe(0);
    expect(heard.text).toContain('"old": failed to add connection: ikev1-policy=drop allows no IKEv1 connections');
    expect(west.world.registry.named('old')).toBeUndefined();
  });

  test('the same written another way touches nothing', () => {
    const { west, reload } = started(upTown(), {
      [CONFIG]: `# ours\nconn ends\n  left=192.0.2.1\n\nconn w-e\n  right=192.0.2.2\n  also=ends\n  rightsubnet=10.0.2.0/24
  leftsubnet=10.0.1.0/24 # here\n  rightid="@east"\n  leftid=@west\n  authby=secret\n  auto=add\n  ike=aes_gcm_256-sha2_512-curve25519\n`,
    });
    const [before, sas, log] = [serials(west), children(west), west.log.length];
    const heard = reload();
    expect(heard.text).toBe('added 0, changed 0, removed 0, untouched 1');
    expect(plan(heard)).toEqual(['keep w-e']);
    expect(heard.exit).toBe(0);
    expect(serials(west)).toEqual(before);
    expect(children(west)).toBe(sas);
    expect(west.log.slice(log)).toEqual([`reloaded ${CONFIG}: ${heard.text}`]);
  });

  test('gives all connections of a pool another one that overlaps it, and keeps the leases', () => {
    const pooled = (name: string, rightaddresspool: string) =>
      other(name, { right: '%any', rightid: undefined, rightsubnet: undefined, rightaddresspool });
    const two = (pool: string) => pooled('a', pool) + pooled('b', pool);
    const { west, files, reload } = started(town({ west: { conf: two('10.9.0.0/24') } }), {});
    const { leases } = west.world;
    const ask = (identity: string) => {
      const pools = [...leases.pools()].map(({ range }) => range);
      return `${leases.lease({ pools, families: [4], identity, fixed: [] }).leases[0].address}`;
    };
    expect([ask('x'), ask('y')]).toEqual(['10.9.0.0', '10.9.0.1']);
    files[CONFIG] = two('10.9.0.0/16');
    expect(reload().text).toContain('added 0, changed 2, removed 0, untouched 0');
    expect([...leases.pools()].map(({ size, inUse }) => [size, inUse])).toEqual([[65_536n, 2]]);
    expect([ask('z'), ask('y')]).toEqual(['10.9.0.2', '10.9.0.1']);
    files[CONFIG] = `${two('10.9.0.0/16')}${pooled('c', '10.9.7.0/24')}`;
    expect(reload().text).toContain('address pool 10.9.7.0-10.9.7.255 overlaps 10.9.0.0-10.9.255.255');
  });

  test('adds, changes and removes what differs, and leaves the SAs of the rest alone', () => {
    const both = conn() + other('changes') + other('goes', { rightsubnet: '10.9.2.0/24' });
    const { west, east, files, reload } = started(upTown({ both }), { [CONFIG]: both });
    for (const name of ['changes', 'goes']) expect(west.whack({ kind: 'initiate', name }).exit).toBe(0);
    expect([children(west), children(east)]).toEqual([3, 3]);
    const stays = west.world.registry.named('w-e');
    files[CONFIG] =
      conn() +
      other('changes', { replay: undefined, 'replay-window': '64', rightsubnet: '10.8.3.0/24' }) +
      other('comes');
    const heard = reload();
    expect(plan(heard)).toEqual(['add comes', 'change changes rightsubnet replay-window', 'remove goes', 'keep w-e']);
    expect(heard.text).toBe(
      'added 1, changed 1, removed 1, untouched 1\nsecrets are as they were: ipsec rereadsecrets reads them anew',
    );
    expect(west.world.registry.named('w-e')).toBe(stays);
    expect(west.world.registry.named('goes')).toBeUndefined();
    expect(west.world.registry.named('changes')?.conn.replayWindow).toBe(64);
    expect(west.world.registry.named('comes')).toBeDefined();
    expect([children(west), children(east)]).toEqual([1, 1]);
    expect(west.log).toContainEqual(expect.stringMatching(/^"goes": initiating delete of connection's Child SA/));
    expect(west.log).not.toContainEqual(expect.stringMatching(/^"w-e".*(terminating|deleting)/));
    expect(west.crashes).toEqual([]);
  });

  test('what is changed comes up again, or is routed again, as auto= says', () => {
    const [up, trap] = [conn('w-e', { auto: 'start' }), other('trap', { auto: 'ondemand' })];
    const made = started(town({ west: { conf: up + trap }, east: { conf: conn() + other('trap') } }), {
      [CONFIG]: up + trap,
    });
    const { west, clock, files, reload } = made;
    expect(children(west)).toBe(1);
    const routed = west.plane.policies.size;
    files[CONFIG] =
      conn('w-e', { auto: 'start', rekeymargin: '8m' }) + other('trap', { auto: 'ondemand', rekey: 'no' });
    expect(plan(reload())).toEqual(['change w-e rekeymargin', 'change trap rekey']);
    clock.advance(10_000);
    expect(children(west)).toBe(1);
    expect(west.world.registry.named('w-e')?.conn.rekeyMarginMs).toBe(480_000);
    expect(west.plane.policies.size).toBe(routed);
  });

  test('another auto= alone ends nothing: what is up stays up, a trap goes, what is down begins', () => {
    const both = conn() + other('trap', { auto: 'ondemand' }) + other('down', { rightsubnet: '10.9.2.0/24' });
    const east = conn() + other('trap') + other('down', { rightsubnet: '10.9.2.0/24' });
    const { west, clock, files, reload } = started(upTown({ west: { conf: both }, east: { conf: east } }), {
      [CONFIG]: both,
    });
    const [before, traps] = [serials(west), west.world.policies.size];
    files[CONFIG] = both
      .replace('auto=add', 'auto=start')
      .replace('auto=ondemand', 'auto=ignore')
      .replace(/auto=add\n\n$/, 'auto=start\n');
    expect(plan(reload())).toEqual(['change w-e auto', 'change trap auto', 'change down auto']);
    clock.advance(1_000);
    expect(serials(west)).toEqual(before);
    expect(children(west)).toBe(2);
    expect(west.log).not.toContainEqual(expect.stringMatching(/terminating|deleting/));
    // The trap's is gone, the new child's have come.
    expect(west.world.policies.size).toBe(traps);
    expect(plan(reload())).toEqual(['keep w-e', 'keep trap', 'keep down']);
  });

  test('with an error in the file nothing changes, and every problem is told', () => {
    const { west, files, reload } = started(upTown(), { [CONFIG]: conn() });
    const before = serials(west);
    files[CONFIG] =
      `${conn('new')}conn w-e\n  right=nonsense nonsense\n  ritghsubnet=10.0.0.0/8\nconn x\n  also=nothing\n`;
    const heard = reload();
    expect(heard.exit).toBe(56);
    expect(plan(heard)).toEqual([]);
    expect(heard.text).toMatch(/:13: right=: more than one word/);
    expect(heard.text).toContain('did you mean rightsubnet=?');
    expect(heard.text).toContain('there is no conn "nothing"');
    expect(heard.lines.at(-1)?.text).toBe(`${CONFIG}: nothing was changed`);
    expect(serials(west)).toEqual(before);
    expect(children(west)).toBe(1);
  });

  test('nor where two connections would have one name, nor where the file has gone', () => {
    const { west, files, reload } = started(upTown(), { [CONFIG]: conn() });
    files[CONFIG] =
      `${conn()}${other('a', { leftsubnet: undefined, leftsubnets: '{10.8.1.0/24 10.8.4.0/24}' })}${other('a/1x0')}`;
    const heard = reload();
    expect(heard.exit).toBe(56);
    expect(heard.text).toContain('[conn a/1x0] there is a connection of this name already');
    delete files[CONFIG];
    expect(reload().text).toContain(`cannot read "${CONFIG}": ENOENT`);
    expect(serials(west)).toEqual(['w-e $1']);
  });

  test('a dry run shows the plan and does nothing', () => {
    const { west, reload } = started(upTown(), {
      [CONFIG]: `config setup\n  nhelpers=3\n  statsbin=/bin/true\n${other('comes')}`,
    });
    const before = serials(west);
    const heard = reload(true);
    expect(plan(heard)).toEqual(['add comes', 'remove w-e']);
    expect(heard.text).not.toContain('statsbin changed');
    expect(heard.text).toContain(
      'config setup: nhelpers changed, takes effect at restart\nwould be added 1, changed 0, removed 1, untouched 0',
    );
    expect(serials(west)).toEqual(before);
    expect(children(west)).toBe(1);
  });

  test('what never was the file’s stays: whack’s own, and another file’s', () => {
    const { west, reload } = started(town({ both: '' }), { [CONFIG]: other('w-e') });
    const [mine] = connsIn(conn('mine'));
    for (const file of ['whack', '/etc/other.conf']) west.connections.add({ ...mine, name: `of ${file}`, file });
    west.connections.add({ ...connsIn(other('w-e'))[0], file: 'whack' });
    expect(plan(reload())).toEqual(['keep w-e']);
    expect(west.world.registry.size).toBe(3);
  });

  test('a file that is no longer included takes its conns along', () => {
    const { west, files, reload } = started(town({ both: '' }), {
      [CONFIG]: 'include /etc/ipsec.d/*.conf\n',
      '/etc/ipsec.d/a.conf': other('a'),
      '/etc/ipsec.d/b.conf': other('b'),
    });
    expect(plan(reload())).toEqual(['add a', 'add b']);
    delete files['/etc/ipsec.d/a.conf'];
    expect(plan(reload())).toEqual(['remove a', 'keep b']);
    expect(serials(west)).toEqual(['b $2']);
  });

  test('auto=ignore is not loaded, but kept or changed where somebody has loaded it', () => {
    const file = other('loaded', { auto: 'ignore' }) + other('not', { auto: 'ignore' });
    const { west, files, reload } = started(town({ both: other('loaded', { auto: 'ignore' }) }), { [CONFIG]: file });
    expect(plan(reload())).toEqual(['keep loaded']);
    files[CONFIG] = other('loaded', { auto: 'ignore', pfs: 'no' });
    expect(plan(reload())).toEqual(['change loaded pfs']);
    expect(west.world.registry.named('not')).toBeUndefined();
  });

  test('two at once: the second sees what the first has done', () => {
    const { west, clock, loading } = started(town({ both: '' }), { [CONFIG]: other('a') });
    const [first, second] = [new Heard(), new Heard()];
    for (const heard of [first, second]) loading.reload({ kind: 'reload', config: CONFIG }, heard);
    clock.settle();
    expect([plan(first), plan(second)]).toEqual([['add a'], ['keep a']]);
    expect(serials(west)).toEqual(['a $1']);
  });

  test('a client that reads slowly is waited for; one that goes before the plan is out changes nothing', () => {
    const conns = Array.from({ length: 300 }, (_, i) => other(`c${i}`)).join('');
    const { west, clock, loading } = started(town({ both: '' }), { [CONFIG]: conns });
    const [slow, gone] = [new Heard(), new Heard()];
    gone.isCongested = true;
    loading.reload({ kind: 'reload', config: CONFIG }, gone);
    clock.settle();
    expect(gone.rowsOf('plan')).toHaveLength(200);
    gone.go();
    clock.settle();
    expect(west.world.registry.size).toBe(0);
    slow.isCongested = true;
    loading.reload({ kind: 'reload', config: CONFIG }, slow);
    clock.settle();
    expect(west.world.registry.size).toBe(0);
    slow.catchUp();
    clock.settle();
    expect(slow.rowsOf('plan')).toHaveLength(300);
    expect(west.world.registry.size).toBe(300);
    expect(slow.exit).toBe(0);
  });

  test('an instance of an untouched template lives on, that of a removed one goes', () => {
    const road = conn('road', { right: '%any', rightid: '%any', rightsubnet: undefined });
    const warrior = conn('road', { rightid: '@east', rightsubnet: undefined, left: '192.0.2.1' });
    const made = town({ west: { conf: road }, east: { conf: warrior } });
    const { west, files, reload } = started(made, { [CONFIG]: road + other('w-e') });
    expect(made.east.whack({ kind: 'initiate', name: 'road' }).exit).toBe(0);
    expect(plan(reload())).toEqual(['add w-e', 'keep road']);
    expect(children(west)).toBe(1);
    files[CONFIG] = other('w-e');
    expect(plan(reload())).toEqual(['remove road', 'keep w-e']);
    expect(children(west)).toBe(0);
  });
});
