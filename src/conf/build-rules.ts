/**
 * What keywords cannot be together, and what one makes of another: libreswan 5.2's verdicts, a row for each keyword
 * that brings one about. Looking them up by what a conn says keeps them off the conns that say little.
 */
import { AUTH_RULES, authRules } from './auth-rules.ts';
import { isVirtual } from './build-text.ts';
import type { Side } from './keywords.ts';
import {
  type Case,
  has,
  ignoredByIkev1,
  ignoredByIkev2,
  type Judgement,
  moot,
  type Rule,
  says,
  warning,
} from './rule.ts';
import type { Setting } from './sections.ts';

/** Every judgement on `settings`, with the setting that it is about. */
export function judge(c: Case, pronounce: (setting: Setting, judgement: Judgement) => void): void {
  for (const setting of c.settings.values()) {
    for (const rule of RULES.get(setting.key) ?? NO_RULES) {
      const judgement = rule(c, setting.value);
      if (judgement !== undefined) pronounce(setting, judgement);
    }
  }
}

const isTransport = (c: Case): boolean => says(c, 'type', 'transport');
const V1_PHASE2: ReadonlySet<unknown> = new Set(['none', 'esp+ah']);
const isAh = (c: Case): boolean => says(c, 'phase2', 'ah');

/** Holds for `true`, where there is something to negotiate. */
const yes =
  (rule: (c: Case) => Judgement | undefined): Rule =>
  (c, value) =>
    value === true && !c.isShunt ? rule(c) : undefined;

const needsIkev2 = yes(({ version }) => (version === 1 ? 'needs IKEv2' : undefined));

const ignoredByShunt: Rule = (c) =>
  c.isShunt ? moot(`type=${String(c.settings.get('type')?.value)} ignores it`) : undefined;

const CONN_RULES: Readonly<Record<string, readonly Rule[]>> = {
  ...AUTH_RULES,

  // Versions of IKE.
  ikepad: [ignoredByIkev2],
  'accept-redirect': [ignoredByIkev1],
  'send-redirect': [
    ignoredByIkev1,
    (c, value) => (value !== 'no' && !has(c, 'redirect-to') ? warning('redirect-to= is missing') : undefined),
    (c, value) => (value === 'no' && has(c, 'redirect-to') ? warning('redirect-to= is ignored') : undefined),
  ],
  intermediate: [needsIkev2],
  'session-resumption': [needsIkev2],
  'sec-label': [({ version }) => (version === 1 ? 'needs IKEv2' : undefined)],
  fragmentation: [
    (c, value) => (value === 'force' && c.version === 2 ? warning('IKEv2 takes force for yes') : undefined),
  ],
  'ikev1-dpdtimeout': [
    (c) => {
      if (c.version === 2) return moot('IKEv2 ignores it; retransmit-timeout= is its limit');
      return has(c, 'dpddelay') ? undefined : moot('without dpddelay= it is ignored');
    },
  ],
  dpddelay: [
    (c) => (c.version === 1 && !has(c, 'ikev1-dpdtimeout') ? moot('without dpdtimeout= it is ignored') : undefined),
  ],
  dpdaction: [
    (c) => (c.version === 2 ? warning('obsolete in IKEv2, ignored: auto= decides') : undefined),
    (c) => (c.version === 1 && !has(c, 'dpddelay') ? moot('without dpddelay= it is ignored') : undefined),
  ],
  'nat-ikev1-method': [ignoredByIkev2],
  xauthby: [ignoredByIkev2],
  xauthfail: [ignoredByIkev2],
  modecfgpull: [ignoredByIkev2],
  aggressive: [
    yes((c) => {
      if (c.version === 2) return 'aggressive mode needs keyexchange=ikev1';
      return has(c, 'ike') ? undefined : 'aggressive mode needs ike=, since it cannot negotiate the group';
    }),
  ],
  'enable-tcp': [(c, value) => (c.version === 1 && value !== 'no' ? 'needs IKEv2' : undefined)],
  'tcp-remoteport': [
    (c, value) => {
      if (!has(c, 'enable-tcp') || says(c, 'enable-tcp', 'no')) return moot('without enable-tcp= it is ignored');
      return value === 500 ? 'port 500 is not for TCP' : undefined;
    },
  ],

  // The tunnel.
  phase2: [(c, value) => (V1_PHASE2.has(value) && c.version === 2 ? `${value} needs keyexchange=ikev1` : undefined)],
  compress: [yes(({ version }) => (version === 2 ? moot('in IKEv2 it has no effect yet') : undefined))],
  ike: [ignoredByShunt],
  esp: [ignoredByShunt],
  ah: [ignoredByShunt, (c) => (c.isShunt || isAh(c) || says(c, 'phase2', 'esp+ah') ? undefined : 'needs phase2=ah')],
  mobike: [needsIkev2, yes((c) => (isTransport(c) ? 'needs type=tunnel' : undefined))],
  tfc: [
    (c, value) => {
      if (value === 0) return undefined;
      if (isTransport(c)) return 'needs type=tunnel';
      if (isAh(c)) return 'needs phase2=esp';
      return Number(value) > 0xffff_ffff ? 'expected 0 to 4294967295' : undefined;
    },
  ],
  'ms-dh-downgrade': [
    yes((c) => (says(c, 'pfs-rekey-workaround', true) ? 'does not go with pfs-rekey-workaround=yes' : undefined)),
  ],
  narrowing: [
    (c, value) => (value === false && hasPool(c) ? 'addresspool= narrows, so it cannot be no' : undefined),
    (c, value) => (value === true && c.version === 1 ? moot('IKEv1 ignores it') : undefined),
  ],
  esn: [
    (c, value) =>
      value !== 'no' && says(c, 'replay-window', 0)
        ? warning('replay-window=0 makes it no, RFC 4303 §3.4.3')
        : undefined,
  ],
  iptfs: [
    needsIkev2,
    yes((c) => {
      if (isTransport(c)) return 'needs type=tunnel';
      if (isAh(c)) return 'needs phase2=esp';
      if (says(c, 'compress', true)) return 'does not go with compress=yes';
      return has(c, 'tfc') && !says(c, 'tfc', 0) ? 'does not go with tfc=' : undefined;
    }),
  ],
  'iptfs-fragmentation': [(c) => (says(c, 'iptfs', true) ? undefined : moot('without iptfs=yes it is ignored'))],
  'iptfs-reorder-window': [(_, value) => (Number(value) > 65535 ? 'expected 0 to 65535' : undefined)],
  'iptfs-drop-time': [(_, value) => (Number(value) * 1000 >= 2 ** 32 ? 'expected less than 4294s' : undefined)],
  'iptfs-init-delay': [(_, value) => (Number(value) * 1000 >= 2 ** 32 ? 'expected less than 4294s' : undefined)],

  // The data plane.
  'vti-interface': [
    (c) => (isTransport(c) ? 'needs type=tunnel' : undefined),
    (_, value) => (String(value).length > 15 ? warning('names of interfaces have at most 15 characters') : undefined),
  ],
  'nic-offload': [
    (c, value) => {
      if (value !== 'packet') return undefined;
      if (!isTransport(c)) return 'packet needs type=transport';
      if (isAh(c)) return 'packet needs phase2=esp';
      if (says(c, 'compress', true)) return 'packet does not go with compress=yes';
      if (says(c, 'encapsulation', 'yes')) return 'packet does not go with encapsulation=yes';
      const window = c.settings.get('replay-window')?.value ?? 128;
      return [32, 64, 128, 256].includes(Number(window)) ? undefined : 'packet needs replay-window=32, 64, 128 or 256';
    },
  ],
  'mark-in': [(c) => (has(c, 'mark') ? warning('it outranks mark=') : undefined)],
  'mark-out': [(c) => (has(c, 'mark') ? warning('it outranks mark=') : undefined)],
};

const hasPool = (c: Case): boolean => has(c, 'leftaddresspool') || has(c, 'rightaddresspool');

/** `us` is the side that the keyword was said of, `them` the other one. */
function endRules(us: Side, them: Side): Readonly<Record<string, readonly Rule[]>> {
  const together = (key: string, text = `does not go with ${key}=yes`): Rule =>
    yes((c) => (says(c, key, true) ? lenient(c, text) : undefined));
  return {
    subnet: [
      (c) => (has(c, `${us}addresspool`) ? `cannot stand beside ${us}addresspool=` : undefined),
      (c, value) =>
        c.version === 1 && Array.isArray(value) && value.length > 1 && !isVirtual(value[0])
          ? 'IKEv1 takes only one subnet; subnets= makes several tunnels'
          : undefined,
    ],
    subnets: [(c) => (has(c, `${us}addresspool`) ? `cannot stand beside ${us}addresspool=` : undefined)],
    addresspool: [
      (c) => (us === 'left' && has(c, `${them}addresspool`) ? `cannot stand beside ${them}addresspool=` : undefined),
      (c) =>
        says(c, `${them}modecfgclient`, true) ? lenient(c, `does not go with ${them}modecfgclient=yes`) : undefined,
      (c) => (says(c, `${us}modecfgserver`, true) ? lenient(c, `does not go with ${us}modecfgserver=yes`) : undefined),
      (c) => (says(c, `${them}cat`, true) ? lenient(c, `does not go with ${them}cat=yes`) : undefined),
    ],
    modecfgserver: [together(`${us}modecfgclient`), together(`${us}cat`), together(`${them}modecfgserver`)],
    modecfgclient: [together(`${them}cat`), together(`${them}modecfgclient`)],
    cat: [together(`${them}cat`), yes((c) => (c.version === 1 ? moot('IKEv1 ignores it') : undefined))],
    xauthserver: [ignoredByIkev2, together(`${us}xauthclient`), together(`${them}xauthserver`)],
    xauthclient: [ignoredByIkev2, together(`${them}xauthclient`)],
    username: [ignoredByIkev2],
    sourceip: [(c) => (has(c, `${us}interface-ip`) ? `cannot stand beside ${us}interface-ip=` : undefined)],
    ...authRules(us, them),
  };
}

/** Opportunistic conns are both client and server, so there a contradiction is only remarked upon. */
const lenient = (c: Case, text: string): Judgement => (c.isOpportunistic ? warning(text) : text);

const NO_RULES: readonly Rule[] = [];

const RULES: ReadonlyMap<string, readonly Rule[]> = new Map([
  ...Object.entries(CONN_RULES),
  ...Object.entries(endRules('left', 'right')).map(([key, rules]) => [`left${key}`, rules] as const),
  ...Object.entries(endRules('right', 'left')).map(([key, rules]) => [`right${key}`, rules] as const),
]);
