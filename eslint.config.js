// Only what needs types, and the rules that keep the house from hanging or losing an error.
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '**/build/', '**/*.js', '**/*.cjs', 'vitest.config.ts'] },
  {
    files: ['**/*.ts'],
    plugins: { '@typescript-eslint': tseslint.plugin },
    languageOptions: { parser: tseslint.parser, parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unnecessary-type-assertion': 'error',
      // Exporting a freshly generated key as JWK can deadlock Node 20: ask generateKeyPair for
      // publicKeyEncoding: { format: 'jwk' } instead.
      'no-restricted-syntax': [
        'error',
        {
          selector:
            "CallExpression[callee.property.name='export'] > ObjectExpression > Property[key.name='format'][value.value='jwk']",
          message: "KeyObject.export({format:'jwk'}) can deadlock Node 20; use publicKeyEncoding: {format:'jwk'}.",
        },
      ],
    },
  },
  {
    // Time and dice are dependencies (docs/DESIGN.md, rule 10): the protocol is a function of its inputs.
    files: ['src/ike/**/*.ts', 'src/net/**/*.ts', 'src/actors/**/*.ts'],
    ignores: ['src/actors/runtime/clock.ts', 'src/ike/crypto/**'],
    rules: {
      'no-restricted-globals': ['error', 'setTimeout', 'setInterval', 'setImmediate', 'fetch', 'performance'],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now' },
        { object: 'Math', property: 'random' },
        { object: 'process', property: 'hrtime' },
      ],
      'no-restricted-imports': ['error', { paths: ['node:dgram', 'node:net', 'node:timers', 'node:worker_threads'] }],
    },
  },
);
