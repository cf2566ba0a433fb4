/** Clients that mean ill or are many, against a daemon whose descriptors run out: it goes on, and serves again. */

import { readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodeFrame } from '../../src/control/frame.ts';
import { type Daemon, lacksDaemon, said, startDaemon } from '../support/daemon.ts';
import { commandExists } from '../support/machine.ts';
import { type Host, network } from '../support/netns.ts';
import { eventually } from '../support/process.ts';

const lacks =
  process.getuid?.() !== 0
    ? 'needs root'
    : ['ip', 'prlimit'].every(commandExists)
      ? lacksDaemon()
      : 'needs iproute2 and util-linux';

describe('the control socket of a daemon', () => {
  const net = network();
  const sockets: Socket[] = [];
  let host: Host;
  let directory: string;
  let daemon: Daemon;

  beforeEach(async ({ skip }) => {
    skip(lacks !== undefined, lacks);
    directory = await mkdtemp(join(tmpdir(), 'pluto-control-siege-'));
    host = await net.host('alone');
    const config = join(directory, 'ipsec.conf');
    const secrets = join(directory, 'ipsec.secrets');
    await writeFile(config, 'config setup\n');
    await writeFile(secrets, '', { mode: 0o600 });
    daemon = await startDaemon({ host, directory, config, secrets, options: ['--noklips', '--nhelpers', '0'] });
  });
  afterEach(async () => {
    if (lacks) return;
    for (const socket of sockets.splice(0)) socket.destroy();
    if (daemon.alive()) await daemon.kill();
    await net.close();
    await rm(directory, { recursive: true, force: true });
  });

  const open = () => {
    const socket = connect(join(directory, 'run', 'pluto.ctl'));
    socket.on('error', () => undefined);
    sockets.push(socket);
    return socket;
  };
  const descriptors = () => readdirSync(`/proc/${daemon.pid}/fd`).length;

  test('without descriptors nobody new is served, and everybody again when there are some', async () => {
    const used = descriptors();
    await host.must(['prlimit', '--pid', `${daemon.pid}`, `--nofile=${used + 4}:${used + 4}`]);
    for (let i = 0; i < 100; i++) open();
    await eventually('all descriptors are used', () => descriptors() >= used + 3);
    await host.run(['kill', '-HUP', `${daemon.pid}`]);
    expect(daemon.alive()).toBe(true);
    for (const socket of sockets.splice(0)) socket.destroy();
    await eventually('it answers again', async () => (await daemon.ipsec('status')).status === 0);
    expect(await daemon.stop()).toBe(0);
    expect(await daemon.log()).not.toMatch(/internal error|Error:/);
  });

  test('clients that leave in the middle, that send halves, and that read nothing', async () => {
    const used = descriptors();
    const request = encodeFrame({ kind: 'status' });
    for (let i = 0; i < 300; i++) {
      const socket = open();
      if (i % 3 === 0) socket.write(request.subarray(0, 1 + (i % request.length)), () => socket.destroy());
      else if (i % 3 === 1) socket.write(Buffer.concat(Array<Buffer>(50).fill(request)), () => socket.destroy());
      else socket.pause().write(Buffer.concat(Array<Buffer>(200).fill(request)));
      if (i % 30 === 29) for (const old of sockets.splice(0)) old.destroy();
    }
    for (const old of sockets.splice(0)) old.destroy();
    await eventually('it answers', async () => (await daemon.ipsec('status')).status === 0);
    await eventually('no descriptor stays open', () => descriptors() <= used + 1);
    await said(daemon.ipsec('status'));
    expect(await daemon.stop()).toBe(0);
    expect(await daemon.log()).not.toMatch(/internal error|Error:/);
  });
});
