/** The scenarios of the concentrator's bench, for whoever only lists them. */

export const SCENARIO_TITLES = {
  responder: 'CPU per handshake of a responder, beside strongSwan and libreswan',
  offered: 'Throughput and latency against offered load',
  memory: 'Resident memory per tunnel',
  burst: '5,000 initiations at once',
  flood: 'Tunnels rekeyed through a flood of spoofed IKE_SA_INITs',
  'flood-v1': 'IKEv2 tunnels rekeyed through floods of IKEv1',
  conns: '5,000 conns loaded, and shown',
  helpers: 'nhelpers 0, 1 and 2, by proposal',
  'hundred-thousand': '100,000 tunnels in one process',
} as const;

export type ScenarioName = keyof typeof SCENARIO_TITLES;
