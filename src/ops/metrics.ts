/**
 * Everything that is measured: a row each. The registry, the text that Prometheus reads and docs/metrics.md come from
 * here. Names follow Prometheus: `_total` of what only grows, seconds and bytes as units.
 */

export interface Metric {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
}

const row =
  (kind: Metric['kind']) =>
  (name: string, help: string, ...labels: readonly string[]): Metric => ({
    name: `pluto_${name}`,
    kind,
    help,
    labels,
  });
const counter = row('counter');
const gauge = row('gauge');
const histogram = row('histogram');

export const METRICS = {
  info: gauge('info', 'Always 1, with the version.', 'version'),

  ikeSas: gauge('ike_sas', 'IKE SAs, by state.', 'version', 'state'),
  halfOpen: gauge('ike_half_open', 'IKE SAs of peers that have not proven who they are.'),
  established: gauge('ike_established', 'IKE SAs whose peer is authentic.', 'version'),
  ikeStarted: counter('ike_sas_started_total', 'IKE SAs begun, by who began.', 'version', 'role'),
  ikeEstablished: counter('ike_sas_established_total', 'IKE SAs established; rekeyed ones apart.', 'version', 'by'),
  ikeEnded: counter(
    'ike_sas_ended_total',
    'IKE SAs that ended, by how far they had come and why.',
    'version',
    'stage',
    'reason',
  ),
  authFailures: counter('ike_auth_failures_total', 'Peers that were not believed, by why.', 'reason'),
  handshakes: histogram('ike_handshake_seconds', 'From the first message to an authentic peer.', 'version', 'role'),
  ikeEncr: counter('ike_encryption_total', 'IKE SAs established, by encryption.', 'version', 'algorithm'),
  ikeInteg: counter('ike_integrity_total', 'IKE SAs established, by integrity.', 'version', 'algorithm'),
  ikeGroup: counter('ike_key_exchange_total', 'IKE SAs established, by first key exchange.', 'version', 'method'),

  childSas: gauge('child_sas', 'Child SAs in the data plane.'),
  childEstablished: counter('child_sas_established_total', 'Child SAs installed.', 'version', 'protocol'),
  childRekeyed: counter('child_sas_rekeyed_total', 'Child SAs installed in place of another.', 'version'),
  childEnded: counter('child_sas_ended_total', 'Child SAs that ended, by why.', 'version', 'reason'),
  childFinished: counter('child_sas_removed_total', 'Child SAs taken out of the data plane.', 'version'),
  childShape: counter('child_sas_shape_total', 'Child SAs installed, by what is special about them.', 'shape'),
  childEncr: counter('child_encryption_total', 'Child SAs installed, by encryption.', 'version', 'algorithm'),
  childInteg: counter('child_integrity_total', 'Child SAs installed, by integrity.', 'version', 'algorithm'),
  traffic: counter('child_traffic_bytes_total', 'Carried by Child SAs that have ended.', 'protocol', 'direction'),

  limits: gauge('limit', 'Limits that are set, by keyword; seconds of those that are times.', 'limit'),
  limitHits: counter('limit_hits_total', 'Times that what a peer sent was beyond a limit, by limit.', 'limit'),
  ddosMode: gauge('ddos_mode', 'The mode that is set (ddos-mode) has 1.', 'mode'),
  cookiesDemanded: gauge('ike_cookies_demanded', 'Whether initiators have to return a cookie now.'),
  accepting: gauge('ike_accepting', 'Whether new initiators are let in at all.'),
  behind: gauge('ike_behind_seconds', 'How long handshakes wait for their turns or for helpers, by now.'),

  packets: counter('ike_packets_total', 'IKE datagrams.', 'direction'),
  octets: counter('ike_bytes_total', 'Octets of IKE datagrams.', 'direction'),
  drops: counter('ike_packets_dropped_total', 'IKE datagrams dropped, by why.', 'reason'),
  retransmits: counter('ike_retransmits_total', 'Requests sent again.'),
  cookies: counter('ike_cookies_total', 'Initiators told to come again with a cookie.'),
  cookiesReturned: counter('ike_cookies_returned_total', 'Cookies that came back, and were ours.'),
  redirects: counter('ike_redirects_total', 'REDIRECT (RFC 5685): sent; obeyed or refused.', 'what'),
  liveness: counter('ike_liveness_checks_total', 'Liveness checks sent.'),
  keepalives: counter('nat_keepalives_total', 'NAT keepalives sent.'),
  notifies: counter('ike_notifies_total', 'Notifications in IKE messages.', 'version', 'direction', 'type'),
  deletes: counter('ike_deletes_total', 'Delete payloads in IKE messages.', 'version', 'direction'),

  connections: gauge('connections', 'Connections loaded, by how they are.', 'state'),
  instances: gauge('connection_instances', 'Instances of templates.'),
  connectionUp: gauge('connection_up', 'Whether the connection, or an instance of it, has a Child SA.', 'connection'),
  connectionSas: gauge('connection_child_sas', 'Child SAs of the connection and its instances.', 'connection'),
  connectionsOmitted: gauge('connections_omitted', 'Connections beyond metrics-connections, which have no series.'),

  pools: gauge('pools', 'Address pools of connections.'),
  poolAddresses: gauge(
    'pool_addresses',
    'Addresses of a pool: in use, lingering (their peer may think that it has them), kept for who had them, or free.',
    'pool',
    'state',
  ),
  poolExhausted: counter('pool_exhausted_total', 'Times that a pool had no address left for who asked.', 'pool'),
  innerAddresses: gauge('inner_addresses', 'Addresses of all pools together, and of none, as pool_addresses.', 'state'),
  leasesGranted: counter('leases_granted_total', 'Inner addresses given.'),
  leasesRefused: counter('leases_refused_total', 'Peers told INTERNAL_ADDRESS_FAILURE, by why.', 'reason'),

  kernelErrors: counter('kernel_errors_total', 'What the data plane refused, by operation.', 'operation'),

  helpers: gauge('helpers', 'Helper threads; 0: cryptography is done on the main thread.'),
  helperBusy: gauge('helper_busy_ratio', 'Share of the last seconds that the helper worked.', 'helper'),
  jobs: counter('helper_jobs_total', 'Jobs, by family and what became of them.', 'family', 'result'),
  jobFailures: counter(
    'helper_job_failures_total',
    'Jobs that failed; signatures and certificates that are bad among them.',
    'reason',
  ),
  jobsQueued: gauge('helper_jobs_queued', 'Jobs waiting or running.', 'family'),
  jobWaits: histogram('helper_job_wait_seconds', 'From a job to its answer, without the work.', 'family'),
  jobRuns: histogram('helper_job_run_seconds', 'The work of a job.', 'family'),

  services: gauge('services', 'Figures of EAP, RADIUS, DNS and revocation, as globalstatus has them.', 'figure'),

  busy: counter('main_thread_busy_seconds_total', 'Time that the main thread worked.'),
  idle: counter('main_thread_idle_seconds_total', 'Time that the main thread waited.'),
  loopDelay: gauge('main_thread_delay_seconds', 'How late the main thread is, lately.', 'quantile'),
  longestStep: gauge('actor_longest_step_seconds', 'The longest that an actor has held the main thread.'),
  actors: gauge('actors', 'Actors alive.'),
  messages: counter('actor_messages_total', 'Messages that actors have read.'),
  waiting: gauge('actor_messages_waiting', 'Messages in mailboxes.'),
  mailboxDrops: counter('actor_messages_dropped_total', 'Packets dropped because a mailbox was full.'),
  deadLetters: counter('actor_dead_letters_total', 'Messages to actors that had ended.'),
  crashes: counter('actor_crashes_total', 'Actors that ended by a fault of the daemon.'),
  timers: gauge('timers', 'Timers armed.'),

  logLines: counter('log_lines_total', 'Lines logged, by level.', 'level'),
  logOmitted: counter('log_lines_omitted_total', 'Lines about strangers that were not logged, being too many.'),
  whacks: counter('control_requests_total', 'Requests of control clients.'),

  heap: gauge('heap_bytes', 'Heap of the main thread.', 'kind'),
  resident: gauge('resident_memory_bytes', 'Memory of the whole process.'),
  cpu: counter('cpu_seconds_total', 'CPU of the whole process, by mode.', 'mode'),
  started: gauge('start_time_seconds', 'When the daemon started, seconds since 1970.'),
  scrapes: counter('scrapes_total', 'Requests for metrics, by what became of them.', 'result'),
} as const satisfies Record<string, Metric>;

export type MetricName = keyof typeof METRICS;
