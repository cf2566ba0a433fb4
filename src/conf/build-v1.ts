/** What only IKEv1 asks of a conn: its modes, XAUTH, Mode Config. */
import type { ConnV1 } from './conn.ts';
import type { Settings } from './sections.ts';
import type { Taken } from './taken.ts';

/** RFC 2407 and 2409 leave them to us: as FreeS/WAN has them. */
export const V1_IKE_LIFETIME_MS = 3_600_000;
export const V1_MAX_IKE_LIFETIME_MS = 8 * 3_600_000;

export function v1Of(settings: Settings, s: Taken): ConnV1 {
  return Object.freeze({
    aggressive: s.flag('aggressive'),
    nat: s.word<ConnV1['nat']>('nat-ikev1-method')!,
    dpdTimeoutMs: s.number('ikev1-dpdtimeout')!,
    dpdAction: dpdActionOf(s.word<string>('dpdaction')),
    isAlone: settings.get('phase2')?.value === 'none',
    xauthby: s.word<ConnV1['xauthby']>('xauthby')!,
    xauthfail: s.word<ConnV1['xauthfail']>('xauthfail')!,
    modecfgPull: s.flag('modecfgpull'),
  });
}

/** libreswan 3 had a fourth word. */
const dpdActionOf = (word: string | undefined): ConnV1['dpdAction'] =>
  word === 'restart_by_peer' ? 'restart' : (word as ConnV1['dpdAction']);
