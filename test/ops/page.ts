/** docs/metrics.md: every metric, from its table. */
import { METRICS } from '../../src/ops/metrics.ts';

export function metricsPage(): string {
  const rows = Object.values(METRICS).map(
    ({ name, kind, labels, help }) =>
      `| \`${name}\` | ${kind} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
  );
  return [INTRODUCTION, '| metric | kind | labels | |\n|---|---|---|---|', ...rows, ''].join('\n');
}

const INTRODUCTION = `# Metrics

\`metrics-listen=9109\` in \`config setup\`, or \`pluto --metrics-listen 9109\`, serves what the daemon counts to Prometheus:

    curl http://127.0.0.1:9109/metrics

    scrape_configs:
      - job_name: pluto
        static_configs: [{ targets: ['127.0.0.1:9109'] }]

A port alone is this machine's own; with \`ADDRESS:PORT\` others can read it, and a warning says so: there is no password, and
connections are called by name. \`/metrics\` is all there is.

A thread of its own answers. It asks the daemon for its figures at most once a second, however many scrape; there may be 16 connections, a request
has five seconds to arrive, an answer ten to be taken. When the daemon does not give its figures within five seconds, the answer is 503.

Connections have series under their names, up or down, those that are only configured too. Beyond \`metrics-connections=\` (5000) they are
counted in \`pluto_connections_omitted\`. Instances count for their template.

\`ipsec globalstatus\` has the same counts under libreswan's names. \`whack --clearstats\` begins both anew, which Prometheus takes
for a restart.

Worth an alarm:

    pluto_connection_up == 0
    pluto_connections_omitted > 0
    sum by (version) (rate(pluto_ike_sas_ended_total{stage="handshake"}[5m])) > sum by (version) (rate(pluto_ike_sas_established_total{by="handshake"}[5m]))
    histogram_quantile(0.99, rate(pluto_helper_job_wait_seconds_bucket[5m])) > 0.5
    rate(pluto_main_thread_busy_seconds_total[1m]) > 0.8
    increase(pluto_actor_crashes_total[1d]) > 0
    increase(pluto_leases_refused_total[5m]) > 0
    increase(pluto_ike_auth_failures_total{reason="wrong-secret"}[5m]) > 10
    sum by (pool) (pluto_pool_addresses{state=~"free|kept"}) < 10
    avg_over_time(pluto_ike_cookies_demanded[5m]) > 0.5
    pluto_ike_half_open > 0.8 * ignoring(limit) pluto_limit{limit="max-halfopen-ike"}

In labels: \`version\` is that of IKE, \`1\` or \`2\`; \`direction\` is \`in\` or \`out\`; \`stage\` is \`handshake\` until the peer is authentic, then \`established\`; \`reason\` of an
end is one of \`asked\` (we were told to), \`peer\` (it deleted), \`timeout\`, \`refused\`, \`expired\`, \`replaced\`, \`local\` (the data plane, or a
helper). Histograms have buckets from 16 µs to 67 s, each twice the one before. A metric with labels has at most 512 series; what is beyond
is counted as \`other\`; so are pools beyond a hundred.
`;
