// One project a kind of test (test/README.md says which goes where). TypeScript is stripped by SWC; packages that are
// ESM only are loaded by Node itself (--experimental-vm-modules).
const project = (name, extra = {}) => ({
  displayName: name,
  testEnvironment: 'node',
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
    ],
  },
  setupFiles: ['<rootDir>/test/helpers/properties.ts'],
  ...extra,
});

export default {
  projects: [
    project('architecture'),
    project('unit'),
    project('contract'),
    project('integration', { setupFilesAfterEnv: ['<rootDir>/test/helpers/afterHosts.ts'] }),
    project('e2e'),
  ],
  globalSetup: '<rootDir>/test/helpers/makeTemporaryRoot.ts',
  globalTeardown: '<rootDir>/test/helpers/removeTemporaryRoot.ts',
  // What is waited for has a deadline of its own, which says what it was (test/helpers/poll.ts): this one is the last resort.
  testTimeout: 300_000,
  // Tests of the stack mostly wait: with one worker a core stays idle.
  maxWorkers: '100%',
};
