/** Messages about policies. */
import type { NetlinkWriter } from '../../native/index.ts';
import type { Mode, PolicyKey, PolicySpec, SaProtocol } from '../port.ts';
import { writeSelector } from './selector.ts';
import { ACTION, AF, DIRECTION, IPPROTO, MODE, XFRM_MSG, XFRMA } from './uapi.ts';

const ALL_ALGORITHMS = 0xffffffff;

/** Adds, or replaces the one with the same selector. */
export function writePolicy(to: NetlinkWriter, policy: PolicySpec): void {
  const NO_LIMIT = 0xffff_ffff_ffff_ffffn;
  to.begin(XFRM_MSG.updatePolicy);
  writePolicySelector(to, policy);
  to.u64(NO_LIMIT)
    .u64(NO_LIMIT)
    .u64(NO_LIMIT)
    .u64(NO_LIMIT)
    .zeros(32 + 32);
  const action = policy.action === 'drop' ? ACTION.block : ACTION.allow;
  to.u32(policy.priority)
    .u32(0)
    .u8(DIRECTION[policy.direction])
    .u8(action)
    .zeros(2 + 4);
  if (policy.action === 'protect' && policy.tunnel) {
    const { protocol, mode, reqid, src, dst, layers } = policy.tunnel;
    const template = (v: NetlinkWriter, layer: SaProtocol, as: Mode) => {
      const isOptional = layer === 'ipcomp' && policy.direction !== 'out';
      v.address(dst).be32(0).u8(IPPROTO[layer]).zeros(3);
      v.u16(AF[dst.family]).zeros(2).address(src).u32(reqid);
      v.u8(MODE[as])
        .u8(0)
        .u8(isOptional ? 1 : 0)
        .zeros(1);
      v.u32(ALL_ALGORITHMS).u32(ALL_ALGORITHMS).u32(ALL_ALGORITHMS);
    };
    to.attribute(XFRMA.tmpl, (v) => {
      if (!layers) return template(v, protocol, mode);
      for (const [i, layer] of layers.entries()) template(v, layer, i === 0 ? mode : 'transport');
    });
  }
  to.end();
}

export function writeDeletePolicy(to: NetlinkWriter, policy: PolicyKey): void {
  to.begin(XFRM_MSG.deletePolicy);
  writePolicySelector(to, policy);
  to.u32(0).u8(DIRECTION[policy.direction]).zeros(3).end();
}

function writePolicySelector(to: NetlinkWriter, { src, dst, protocol, srcPort, dstPort }: PolicyKey): void {
  const mask = (port: number | undefined) => (port === undefined ? { port: 0, mask: 0 } : { port, mask: 0xffff });
  writeSelector(to, src, dst, protocol, mask(srcPort), mask(dstPort));
}

/** Whether the policy can be told to the kernel at all. */
export function misfit({ action, tunnel, src, dst }: PolicySpec): string | undefined {
  if (src.family !== dst.family) return 'source and destination differ in family';
  if (action !== 'protect') return undefined;
  if (!tunnel) return 'a policy that protects needs its tunnel';
  return tunnel.src.family === tunnel.dst.family ? undefined : 'the ends of the tunnel differ in family';
}
