/** What status commands show: gathered from the actors in slices, sent as fast as the client reads. */

import type { End } from '../conf/conn.ts';
import type { Answer } from '../control/answer.ts';
import type { ReportKind, Request } from '../control/protocol.ts';
import { RC } from '../control/reply-codes.ts';
import type { ConnEnd, ConnRow, Counts, DaemonInfo, GlobalRow, StateRow, TrafficRow } from '../control/status/rows.ts';
import { formatProposal } from '../ike/crypto/proposal.ts';
import type { Policy } from '../ike/policy.ts';
import type { IkeState } from '../ike/v2/ike-sa.ts';
import type { ChildTraffic } from './child-sa.ts';
import type { ConnectionReport } from './connection.ts';
import type { IkeSaReport } from './ike-sa.ts';
import type { Entry } from './registry.ts';
import type { ActorSystem, AskResult, Reply } from './runtime/index.ts';
import type { World } from './world.ts';

/** Rows to a frame, and between two looks at the sockets: about 2 ms, a row of a connection being 50 to 100 µs. */
const SLICE = 20;
/** ms for an actor to describe itself. */
const PATIENCE = 2_000;
const NO_LIMIT = 2n ** 63n;

export interface ReportsOptions {
  readonly world: World;
  readonly system: ActorSystem;
  readonly info: () => DaemonInfo;
}

export class Reports {
  readonly #options: ReportsOptions;

  constructor(options: ReportsOptions) {
    this.#options = options;
  }

  answer(request: Extract<Request, { kind: ReportKind }>, answer: Answer): void {
    this.#answer(request, answer).catch((error: unknown) => {
      this.#options.world.log('warn', `report ${request.kind}: ${String(error)}`);
      answer.line(RC.INTERNAL_ERROR, 'internal error');
      answer.end();
    });
  }

  async #answer(request: Extract<Request, { kind: ReportKind }>, answer: Answer): Promise<void> {
    const name = 'name' in request ? request.name : undefined;
    const { world, info } = this.#options;
    if (name !== undefined && world.registry.namedOrAliased(name).length === 0) {
      answer.line(RC.UNKNOWN_NAME, `no connection or alias named "${name}"`);
      return answer.end();
    }
    switch (request.kind) {
      case 'status':
        answer.rows({ of: 'daemon', rows: [info()] });
        await this.#connections(answer, undefined);
        await this.#totals(answer);
        answer.rows({ of: 'counts', rows: [this.#counts()] });
        await this.#states(answer, undefined);
        answer.rows({ of: 'shunts', rows: [] });
        break;
      case 'briefstatus':
        answer.rows({ of: 'counts', rows: [this.#counts()] });
        break;
      case 'globalstatus':
        answer.rows({ of: 'globals', rows: this.#globals() });
        break;
      case 'trafficstatus':
        await this.#traffic(answer, name);
        break;
      case 'showstates':
        await this.#states(answer, name);
        break;
      case 'connectionstatus':
        await this.#connections(answer, name);
        if (name === undefined) await this.#totals(answer);
        break;
      case 'briefconnectionstatus':
        await this.#brief(answer, name);
        await this.#totals(answer);
        break;
      case 'shuntstatus':
        answer.rows({ of: 'shunts', rows: [] });
        break;
      case 'fipsstatus':
        answer.rows({ of: 'fips', rows: [{ mode: 'disabled' }] });
        break;
      case 'processstatus':
        answer.rows({ of: 'processes', rows: [{ pid: process.pid, name: 'pluto' }] });
        break;
      case 'addresspoolstatus':
        answer.rows({ of: 'pools', rows: [] });
        break;
      case 'listpubkeys':
      case 'checkpubkeys':
      case 'listcerts':
      case 'listcacerts':
      case 'listcrls':
      case 'listpsks':
      case 'listevents':
      case 'listgroups':
      case 'listall':
        break;
      default:
        request satisfies never;
    }
    answer.end();
  }

  // --- gathering -----------------------------------------------------------------------------------------------

  /** Asks each in turn, `SLICE` at a time, and hands on what comes back; a slow client slows us, nobody else. */
  async #gather<I, R>(
    answer: Answer,
    items: Iterable<I>,
    ask: (item: I) => Promise<AskResult<R>>,
    send: (results: readonly [I, R][]) => void,
  ): Promise<void> {
    const all = [...items];
    for (let at = 0; at < all.length && answer.isOpen; at += SLICE) {
      const slice = all.slice(at, at + SLICE);
      const results = await Promise.all(slice.map(ask));
      send(results.flatMap((r, i): [I, R][] => (r.ok ? [[slice[i], r.value]] : [])));
      if (answer.isCongested) await room(answer);
    }
  }

  #entries(name: string | undefined): readonly Entry[] {
    const { registry } = this.#options.world;
    const named = name === undefined ? [...registry.entries()] : registry.namedOrAliased(name);
    return named.flatMap((entry) => [entry, ...registry.instancesOf(entry)]);
  }

  #ikeSas(answer: Answer, send: (reports: readonly IkeSaReport[]) => void): Promise<void> {
    const { world, system } = this.#options;
    return this.#gather(
      answer,
      world.switchboard.sas(),
      (sa) => system.ask(sa, (to: Reply<IkeSaReport>) => ({ t: 'report', to }), PATIENCE),
      (results) => send(results.map(([, r]) => r)),
    );
  }

  #children(answer: Answer, send: (traffic: readonly ChildTraffic[]) => void): Promise<void> {
    const { world, system } = this.#options;
    return this.#gather(
      answer,
      world.sas.refs(),
      (child) => system.ask(child, (to: Reply<ChildTraffic>) => ({ t: 'report', to }), PATIENCE),
      (results) => send(results.map(([, r]) => r)),
    );
  }

  async #traffic(answer: Answer, name: string | undefined): Promise<void> {
    const wanted = name === undefined ? undefined : new Set(this.#entries(name).map((e) => e.policy));
    await this.#children(answer, (traffic) => {
      const rows = traffic.filter((t) => !wanted || wanted.has(t.install.policy)).map(trafficRow);
      if (rows.length > 0) answer.rows({ of: 'traffic', rows });
    });
  }

  async #brief(answer: Answer, name: string | undefined): Promise<void> {
    const wanted = name === undefined ? undefined : new Set(this.#entries(name).map((e) => e.policy));
    await this.#children(answer, (traffic) => {
      const shown = traffic.filter((t) => !wanted || wanted.has(t.install.policy));
      const rows = shown.map(({ install, in: inbound, out }) => ({
        ...connName(install.policy),
        local: install.selectorsLocal.join(','),
        remote: install.selectorsRemote.join(','),
        localHost: `${install.local.address}`,
        remoteHost: `${install.peer.address}`,
        inBytes: BigInt(inbound?.bytes ?? 0),
        outBytes: BigInt(out?.bytes ?? 0),
        reqid: install.policy.child.reqid,
      }));
      if (rows.length > 0) answer.rows({ of: 'briefConnections', rows });
    });
  }

  async #states(answer: Answer, name: string | undefined): Promise<void> {
    const traffic = new Map<number, ChildTraffic>();
    await this.#children(answer, (some) => some.forEach((t) => void traffic.set(t.install.serial, t)));
    const names = name === undefined ? undefined : new Set(this.#entries(name).map((e) => e.conn.name));
    await this.#ikeSas(answer, (reports) => {
      const all = reports.flatMap((r) => stateRows(r, traffic, this.#options.world.env.now));
      // An IKE SA may carry children of several connections.
      const rows = all.filter((row) => !names || names.has(row.conn));
      if (rows.length > 0) answer.rows({ of: 'states', rows });
    });
  }

  async #connections(answer: Answer, name: string | undefined): Promise<void> {
    const { system } = this.#options;
    await this.#gather(
      answer,
      this.#entries(name),
      (entry) => system.ask(entry.ref, (to: Reply<ConnectionReport>) => ({ t: 'report', to }), PATIENCE),
      (results) => answer.rows({ of: 'connections', rows: results.map(([entry, report]) => connRow(entry, report)) }),
    );
  }

  async #totals(answer: Answer): Promise<void> {
    const active = new Set<Policy>();
    await this.#children(answer, (traffic) => traffic.forEach((t) => void active.add(t.install.policy)));
    answer.rows({ of: 'totals', rows: [{ loaded: this.#entries(undefined).length, active: active.size }] });
  }

  #counts(): Counts {
    const { switchboard, sas } = this.#options.world;
    const { size, halfOpen, limits } = switchboard;
    return {
      cookiesRequired: switchboard.wantsCookies,
      accepting: halfOpen < limits.maxHalfOpen,
      ike: { total: size, halfOpen, open: 0, authenticated: size - halfOpen, anonymous: 0 },
      ipsec: { total: sas.size, authenticated: sas.size, anonymous: 0 },
    };
  }

  #globals(): GlobalRow[] {
    const { switchboard, sas, stats } = this.#options.world;
    const { limits, counters, halfOpen, size } = switchboard;
    const values: Record<string, number> = {
      'config.setup.ike.ddos_threshold': limits.cookiesFrom,
      'config.setup.ike.max_halfopen': limits.maxHalfOpen,
      'current.states.all': size + sas.size,
      'current.states.ipsec': sas.size,
      'current.states.ike': size,
      'current.states.shunts': 0,
      'current.states.iketype.anonymous': 0,
      'current.states.iketype.authenticated': size - halfOpen,
      'current.states.iketype.halfopen': halfOpen,
      'current.states.iketype.open': 0,
      'total.ike.ikev2.established': stats.ikeEstablished,
      'total.ike.ikev2.failed': stats.ikeFailed,
      'total.ikev2.child.established': stats.childEstablished,
      'total.ike.packets.received': counters.received,
      'total.ike.packets.sent': counters.sent,
      'total.ike.packets.malformed': counters.malformed,
      'total.ike.packets.unknownspi': counters.unknownSpi,
      'total.ike.packets.dropped': counters.dropped,
      'total.ike.cookies.sent': counters.cookies,
      'total.ike.halfopen.refused': counters.refused,
    };
    for (const [family, { count, failed, queued, refused, queueMs, runMs }] of this.#options.world.helpers.stats()) {
      const figures = { count, failed, queued, refused, 'queue-ms': Math.round(queueMs), 'run-ms': Math.round(runMs) };
      for (const [name, figure] of Object.entries(figures)) values[`total.helpers.${family}.${name}`] = figure;
    }
    const { actors, messages, dropped, crashes, longestStepMs } = this.#options.system.counters();
    const runtime = { actors, messages, dropped, crashes, 'longest-step-ms': Math.ceil(longestStepMs) };
    for (const [name, figure] of Object.entries(runtime)) values[`runtime.${name}`] = figure;
    return Object.entries(values).map(([key, value]) => ({ key, value }));
  }
}

function room(answer: Answer): Promise<void> {
  return new Promise((resume) => {
    answer.onRoom(resume);
    answer.onGone(resume);
  });
}

// --- rows ------------------------------------------------------------------------------------------------------

const connName = (policy: Policy) => ({
  conn: policy.name,
  ...(policy.instance === undefined
    ? {}
    : { instance: { number: policy.instance, ...(policy.remoteHost ? { peer: `${policy.remoteHost}` } : {}) } }),
});

function trafficRow({ install, addedAt, in: inbound, out }: ChildTraffic): TrafficRow {
  const { maxBytes } = install.policy.child;
  return {
    ...connName(install.policy),
    serial: install.serial,
    type: install.suite.protocol === 'ah' ? 'AH' : 'ESP',
    addTime: addedAt,
    inBytes: BigInt(inbound?.bytes ?? 0),
    outBytes: BigInt(out?.bytes ?? 0),
    id: `${install.peerId}`,
    ...(maxBytes === undefined ? {} : { maxBytes: BigInt(maxBytes) }),
  };
}

/** libreswan's names and stories of the states. */
const IKE_STATES: Record<IkeState, readonly [string, string, string]> = {
  idle: ['UNSECURED_R', 'larval unsecured IKE SA responder', 'larval unsecured IKE SA responder'],
  initSent: ['IKE_SA_INIT_I', 'sent IKE_SA_INIT request', ''],
  initAnswered: ['IKE_SA_INIT_R', '', 'sent IKE_SA_INIT response'],
  authSent: ['IKE_AUTH_I', 'sent IKE_AUTH request', ''],
  established: ['ESTABLISHED_IKE_SA', 'established IKE SA', 'established IKE SA'],
  replaced: ['ESTABLISHED_IKE_SA', 'replaced IKE SA', 'replaced IKE SA'],
  deleting: ['ESTABLISHED_IKE_SA', 'deleting IKE SA', 'deleting IKE SA'],
  dead: ['ZOMBIE', 'dead', 'dead'],
};

const EVENTS: Record<string, string> = {
  retransmit: 'RETRANSMIT',
  discard: 'DISCARD',
  liveness: 'LIVENESS',
  keepalive: 'NAT_KEEPALIVE',
  rekey: 'REKEY',
  expire: 'EXPIRE',
  retry: 'RETRY',
  childRekey: 'REKEY',
  childExpire: 'EXPIRE',
  childOutbound: 'OUTBOUND',
};

function stateRows({ sa, timers }: IkeSaReport, traffic: ReadonlyMap<number, ChildTraffic>, now: number): StateRow[] {
  const [state, ours, theirs] = IKE_STATES[sa.state];
  const events = (serial?: number) =>
    timers
      .filter((t) => t.serial === serial && t.in >= 0)
      .sort((a, b) => a.in - b.in)
      .map((t) => ({ name: EVENTS[t.name], inSeconds: Math.round(t.in / 1000) }));
  const common = { ...connName(sa.policy), ikeVersion: 2, peerPort: sa.peer.port } as const;
  const ike: StateRow = {
    ...common,
    serial: sa.serial,
    kind: 'ike',
    state,
    story: sa.role === 'initiator' ? ours : theirs,
    events: events(),
    isNewest: sa.state === 'established',
    isCalculating: sa.job !== 0,
    dpd:
      sa.policy.dpdDelay > 0
        ? { kind: 'lastlive', secondsAgo: Math.round((now - sa.lastHeard) / 1000) }
        : { kind: 'nodpd' },
  };
  return [
    ike,
    ...sa.children.map((child): StateRow => {
      const seen = traffic.get(child.serial);
      return {
        ...common,
        ...connName(child.policy),
        serial: child.serial,
        kind: 'child',
        state: 'ESTABLISHED_CHILD_SA',
        story: 'established Child SA',
        events: events(child.serial),
        isNewest: child.state === 'up',
        isRoutingOwner: child.state === 'up',
        ikeSerial: sa.serial,
        sa: {
          protocol: child.suite.protocol,
          mode: child.mode,
          outboundSpi: child.spiOut,
          inboundSpi: child.spiIn,
          remote: `${sa.peer.address}`,
          local: `${sa.local.address}`,
          maxBytes: child.policy.child.maxBytes === undefined ? NO_LIMIT : BigInt(child.policy.child.maxBytes),
          ...(seen?.in ? { inBytes: BigInt(seen.in.bytes) } : {}),
          ...(seen?.out ? { outBytes: BigInt(seen.out.bytes) } : {}),
        },
      };
    }),
  ];
}

function connRow({ conn, policy, side, serial, template }: Entry, report: ConnectionReport): ConnRow {
  const isLeft = side !== 'right';
  const seconds = (ms: number) => Math.round(ms / 1000);
  return {
    ...(policy ? connName(policy) : { conn: conn.name }),
    serial,
    kind: template ? 'instance' : policy && !policy.remoteHost ? 'template' : 'permanent',
    isOriented: side !== undefined,
    local: connEnd(isLeft ? conn.left : conn.right),
    remote: connEnd(isLeft ? conn.right : conn.left),
    routing: report.routing,
    owners: {
      ...(report.ike.length > 0 ? { ike: report.ike.at(-1)! } : {}),
      ...(report.children.length > 0 ? { child: report.children.at(-1)! } : {}),
    },
    ikeVersion: conn.keyexchange === 'ikev1' ? 1 : 2,
    policy: policyWords(conn, report.isUp),
    authHash: [],
    aliases: conn.aliases,
    ikeLifetime: seconds(conn.ikeLifetimeMs),
    ipsecLifetime: seconds(conn.ipsecLifetimeMs),
    rekeyMargin: seconds(conn.rekeyMarginMs),
    rekeyFuzz: conn.rekeyFuzzPercent,
    ipsecMaxBytes: conn.ipsecMaxBytes === undefined ? NO_LIMIT : BigInt(conn.ipsecMaxBytes),
    ipsecMaxPackets: conn.ipsecMaxPackets === undefined ? NO_LIMIT : BigInt(conn.ipsecMaxPackets),
    replayWindow: conn.replayWindow,
    retransmitInterval: conn.retransmitIntervalMs,
    retransmitTimeout: seconds(conn.retransmitTimeoutMs),
    ikeTcp: 'no',
    ikeTcpPort: 4500,
    dpdDelay: seconds(conn.dpddelayMs),
    natKeepalive: conn.natKeepalive ? seconds(policy?.natKeepalive ?? 0) : 0,
    encapsulation: conn.encapsulation,
    initialContact: conn.initialContact,
    ciscoUnity: false,
    fakeStrongswan: false,
    sendVendorid: false,
    sendNoEspTfc: false,
    iptfs: false,
    modecfgPull: false,
    metric: conn.metric ?? 0,
    priority: conn.priority,
    vtiRouting: false,
    vtiShared: false,
    nicOffload: 'no',
    debug: conn.debug.filter((klass) => klass !== 'none'),
    ikeAlgorithms: conn.ike.map(formatProposal).join(', '),
    espAlgorithms: conn.child.map(formatProposal).join(', '),
    ...(conn.mtu === undefined ? {} : { mtu: conn.mtu }),
    ...(policy ? { reqid: policy.child.reqid } : {}),
  };
}

/** libreswan's order. */
function policyWords(conn: Entry['conn'], isUp: boolean): string[] {
  return [
    conn.keyexchange === 'ikev1' ? 'IKEv1' : 'IKEv2',
    ...(conn.authby.includes('secret') ? ['PSK'] : []),
    conn.phase2 === 'ah' ? 'AUTHENTICATE' : 'ENCRYPT',
    conn.type === 'transport' ? 'TRANSPORT' : 'TUNNEL',
    ...(conn.pfs ? ['PFS'] : []),
    ...(isUp ? ['UP'] : []),
    ...(conn.narrowing ? ['IKEV2_ALLOW_NARROWING'] : []),
    ...(conn.fragmentation === 'no' ? [] : ['IKE_FRAG_ALLOW']),
    ...(conn.esn === 'yes' ? [] : ['ESN_NO']),
    ...(conn.esn === 'no' ? [] : ['ESN_YES']),
  ];
}

function connEnd(end: End): ConnEnd {
  const host =
    end.host.t === 'address'
      ? `${end.host.address}`
      : end.host.t === 'name'
        ? `%dns<${end.host.name}>`
        : `%${end.host.t}`;
  return {
    host,
    id: end.id ? `${end.id}` : (end.idText ?? host),
    idType: end.id?.typeName ?? 'ID_NONE',
    auth: end.auth ?? 'secret',
    prefixLength: end.subnets[0]?.subnets()[0]?.prefix ?? 32,
    ...(end.subnets.length > 0 ? { client: end.subnets.map(String) } : {}),
    ...(end.ikeport === undefined ? {} : { ikePort: end.ikeport }),
    ...(end.sourceip.length > 0 ? { sourceip: end.sourceip.join(',') } : {}),
    ...(end.updown ? { updown: end.updown } : {}),
  };
}
