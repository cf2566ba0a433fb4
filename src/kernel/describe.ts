/** SAs, policies and refusals in words. */
import type { PlaneFault, PolicyKey, SaKey } from './port.ts';

/** `esp.00001001@192.0.2.2` */
export const describeSa = ({ protocol, spi, dst }: SaKey): string =>
  `${protocol}.${spi.toString(16).padStart(8, '0')}@${dst}`;

/** `out 10.0.1.0/24 -> 10.0.2.0/24 6/80` */
export function describePolicy({ direction, src, dst, protocol, srcPort, dstPort }: PolicyKey): string {
  const port = (p: number | undefined) => (p === undefined ? '' : `:${p}`);
  return `${direction} ${src}${port(srcPort)} -> ${dst}${port(dstPort)}${protocol ? ` protocol ${protocol}` : ''}`;
}

export const planeFault = (errno: string, why: string): PlaneFault => ({ kind: 'local', what: 'kernel', errno, why });

/** The same fault, saying what it befell. */
export const about = <F extends PlaneFault | undefined>(fault: F, what: () => string): F =>
  fault && { ...fault, why: `${what()}: ${fault.why}` };

export const isPlaneFault = (value: unknown): value is PlaneFault =>
  typeof value === 'object' && value !== null && 'errno' in value;
