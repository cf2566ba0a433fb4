// docs/DESIGN.md's table of folders, as rules: what a folder may import besides itself.
const may = {
  'src/net': [],
  'src/native': [],
  'src/ike': ['src/net'],
  'src/workers': ['src/ike/crypto', 'src/ike/auth', 'src/native'],
  'src/kernel': ['src/native', 'src/net'],
  'src/conf': ['src/net', 'src/ike/crypto'],
  'src/control': ['src/conf', 'src/net'],
  'src/services': ['src/net', 'src/conf', 'src/ike'],
  'src/ops': ['src/control', 'src/services/endpoint.ts'],
  'src/sim': ['src/actors', 'src/conf', 'src/control', 'src/ike', 'src/kernel', 'src/net'],
  'src/cli': [
    ...['src/control', 'src/conf', 'src/net', 'src/ike/crypto', 'src/ike/auth/x509', 'src/services/store'],
    ...['src/actors/daemon.ts', 'src/sim/index.ts', 'src/workers/pool.ts'],
  ],
};

/** `src/ike` is one folder of the table, but its parts are named where another folder may have only those. */
const layer = ([folder, others]) => ({
  name: folder.replace('/', '-'),
  severity: 'error',
  comment: `${folder} may import itself${others.length ? ` and ${others.join(', ')}` : ' only'}`,
  from: { path: `^${folder}/` },
  to: {
    path: '^(src|bin|test|scripts)/',
    pathNot: [folder, ...others].map((f) => (f.endsWith('.ts') ? `^${f}$` : `^${f}/`)),
  },
});

module.exports = {
  forbidden: [
    ...Object.entries(may).map(layer),
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-orphan-node-builtins-in-ike',
      severity: 'error',
      comment: 'the protocol does no I/O',
      from: { path: '^src/(ike|net)/' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|buffer|util)$' },
    },
    {
      name: 'ike-crypto-only',
      severity: 'error',
      comment: 'only the registry touches OpenSSL',
      from: { path: '^src/ike/(wire|v2|auth|v1/(?!crypto/))' },
      to: { dependencyTypes: ['core'], path: '^(node:)?crypto$' },
    },
    {
      name: 'runtime-stands-alone',
      severity: 'error',
      from: { path: '^src/actors/runtime/' },
      to: { path: '^src/', pathNot: '^src/actors/runtime/' },
    },
    { name: 'src-not-test', severity: 'error', from: { path: '^(src|bin)/' }, to: { path: '^test/' } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.mjs', '.cjs', '.json', '.node'] },
  },
};
