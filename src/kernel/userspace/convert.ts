/** The port's values as the engine takes them, and the engine's events as the port gives them. */

import type { EngineEvent, EngineRange, EngineSa } from '../../native/userspace/engine.ts';
import { Address } from '../../net/address.ts';
import { Endpoint } from '../../net/endpoint.ts';
import { Selector } from '../../net/selector.ts';
import type { Subnet } from '../../net/subnet.ts';
import type { PlaneEvent, PolicySpec, SaSpec } from '../port.ts';

const ICMP = new Set([1, 58]);

export function engineSa(sa: SaSpec): EngineSa {
  return {
    spi: sa.spi,
    dst: sa.dst.toBytes(),
    src: sa.src.toBytes(),
    isOutbound: sa.direction === 'out',
    isTransport: sa.mode === 'transport',
    esn: sa.esn,
    encapsulates: sa.encapsulation !== undefined,
    srcPort: sa.encapsulation?.srcPort ?? 0,
    dstPort: sa.encapsulation?.dstPort ?? 0,
    reqid: sa.reqid,
    replayWindow: sa.replayWindow,
    selectors: sa.selectors.map(({ src, dst }) => ({ src: rangeOfSelector(src), dst: rangeOfSelector(dst) })),
    soft: sa.soft,
    hard: sa.hard,
    ...keysOf(sa.algorithms),
  };
}

function keysOf(algorithms: SaSpec['algorithms']) {
  // IPComp: the plane has refused it before.
  if ('compression' in algorithms) return { icvBits: 0 };
  if ('aead' in algorithms)
    return { aead: algorithms.aead.name, aeadKey: algorithms.aead.key, icvBits: algorithms.aead.icvBits };
  const { encryption, integrity } = algorithms;
  return {
    ...(encryption && { encryption: encryption.name, encryptionKey: encryption.key }),
    ...(integrity && { integrity: integrity.name, integrityKey: integrity.key }),
    icvBits: integrity?.icvBits ?? 0,
  };
}

/** Both ends of a policy; an absent port is any. */
export function policyRanges(policy: PolicySpec): readonly [src: EngineRange, dst: EngineRange] {
  const range = (subnet: Subnet, port: number | undefined): EngineRange => ({
    start: subnet.address.toBytes(),
    end: subnet.last.toBytes(),
    protocol: policy.protocol,
    startPort: port ?? 0,
    endPort: port ?? 65535,
  });
  return [range(policy.src, policy.srcPort), range(policy.dst, policy.dstPort)];
}

export function planeEvent(event: EngineEvent): PlaneEvent {
  switch (event.t) {
    case 'acquire': {
      const end = (octets: Uint8Array, port: number) => {
        const address = Address.fromBytes(octets);
        if (!event.hasPorts) return Selector.ofAddress(address, event.protocol);
        // Type and code make up the one port of ICMP (RFC 4301 §4.4.1.1).
        const known = ICMP.has(event.protocol) ? event.srcPort * 256 + event.dstPort : port;
        return Selector.ofAddress(address, event.protocol, known, known);
      };
      return {
        t: 'acquire',
        reqid: event.reqid,
        src: end(event.src, event.srcPort),
        dst: end(event.dst, event.dstPort),
      };
    }
    case 'expire':
      return { t: 'expire', key: saKey(event.dst, event.spi), hard: event.hard };
    case 'mapping':
      return {
        t: 'mapping',
        key: saKey(event.dst, event.spi),
        from: new Endpoint(Address.fromBytes(event.from), event.fromPort),
      };
  }
}

const saKey = (dst: Uint8Array, spi: number) => ({ protocol: 'esp' as const, dst: Address.fromBytes(dst), spi });

const rangeOfSelector = (selector: Selector): EngineRange => ({
  start: selector.start.toBytes(),
  end: selector.end.toBytes(),
  protocol: selector.protocol,
  startPort: selector.startPort,
  endPort: selector.endPort,
});
