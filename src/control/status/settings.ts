/** What `--connectionstatus` says of a connection's settings: put together once for all that share them. */
import type { ConnSettings } from './rows.ts';
import { limit, orUnset, yesNo } from './text.ts';

export interface SettingsText {
  readonly modecfg: string;
  readonly banner: readonly string[];
  readonly ike: readonly string[];
  /** Behind `interface:`. */
  readonly kernel: string;
  readonly marks: string;
  readonly liveness: readonly string[];
  readonly algorithms: readonly string[];
}

const known = new WeakMap<ConnSettings, SettingsText>();

export function settingsText(settings: ConnSettings): SettingsText {
  const text = known.get(settings) ?? compose(settings);
  known.set(settings, text);
  return text;
}

function compose(s: ConnSettings): SettingsText {
  const dns = s.dns && s.dns.length > 0 ? s.dns.join(', ') : 'unset';
  const domains = s.domains && s.domains.length > 0 ? s.domains.join(',') : 'unset';
  return {
    modecfg: `modecfg policy:${s.modecfgPull ? 'pull' : 'push'}, dns:${dns}, domains:${domains},`,
    banner: s.banner === undefined ? [] : [`banner:${s.banner};`],
    ike: [
      `ike_life: ${s.ikeLifetime}s; ipsec_life: ${s.ipsecLifetime}s; ipsec_max_bytes: ${limit(s.ipsecMaxBytes, 'B')}; ipsec_max_packets: ${limit(s.ipsecMaxPackets)}; replay_window: ${s.replayWindow}; rekey_margin: ${s.rekeyMargin}s; rekey_fuzz: ${s.rekeyFuzz}%;`,
      `iptfs: ${yesNo(s.iptfs)};`,
      `retransmit-interval: ${s.retransmitInterval}ms; retransmit-timeout: ${s.retransmitTimeout}s; iketcp:${s.ikeTcp}; iketcp-port:${s.ikeTcpPort};`,
      `initial-contact:${yesNo(s.initialContact)}; cisco-unity:${yesNo(s.ciscoUnity)}; fake-strongswan:${yesNo(s.fakeStrongswan)}; send-vendorid:${yesNo(s.sendVendorid)}; send-no-esp-tfc:${yesNo(s.sendNoEspTfc)};`,
      `policy: ${s.policy.join('+')};`,
      ...(s.ikeVersion === 2 ? [`v2-auth-hash-policy: ${s.authHash.join('+') || 'none'};`] : []),
    ],
    kernel: `metric: ${s.metric}; mtu: ${orUnset(s.mtu)}; sa_prio:${s.priority ?? 'auto'}; sa_tfc:${s.tfc ?? 'none'};`,
    marks: `nflog-group: ${orUnset(s.nflogGroup)}; mark: ${orUnset(s.mark)}; vti-iface:${orUnset(s.vtiInterface)}; vti-routing:${yesNo(s.vtiRouting)}; vti-shared:${yesNo(s.vtiShared)}; nic-offload:${s.nicOffload};`,
    liveness: liveness(s),
    algorithms: [
      ...(s.ikeAlgorithms ? [`IKE algorithms: ${s.ikeAlgorithms}`] : []),
      ...(s.espAlgorithms ? [`ESP algorithms: ${s.espAlgorithms}`] : []),
    ],
  };
}

function liveness(s: ConnSettings): string[] {
  const timeout = s.dpdTimeout ?? 0;
  const isActive = s.dpdDelay > 0 && (s.ikeVersion === 2 || timeout > 0);
  const mode = isActive ? 'active' : 'passive';
  const method = s.ikeVersion === 1 ? `; ikev1-method:${s.natIkev1Method ?? 'rfc+drafts'}` : '';
  return [
    s.ikeVersion === 2
      ? `liveness: ${mode}; dpddelay:${s.dpdDelay}s; retransmit-timeout:${s.retransmitTimeout}s`
      : `dpd: ${mode}; delay:${s.dpdDelay}s; timeout:${timeout}s`,
    `nat-traversal: encapsulation:${s.encapsulation}; keepalive:${s.natKeepalive > 0 ? `${s.natKeepalive}s` : 'no'}${method}`,
    ...(s.debug.length > 0 ? [`debug: ${s.debug.join('+')}`] : []),
  ];
}
