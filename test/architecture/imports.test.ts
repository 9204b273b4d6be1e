import { describe, expect, test } from '@jest/globals';
import { importsOf } from './importsOf.ts';
import { findViolations } from './rules.ts';
import { readSources } from './sources.ts';

test('every import keeps the rules of architecture.md', () => {
  const sources = readSources();
  expect(sources.size).toBeGreaterThan(20);
  expect(findViolations(sources)).toEqual([]);
});

describe('a planted violation is found', () => {
  const adapter: [string, string] = ['shared/store/cosmos.ts', `import { CosmosClient } from '@azure/cosmos';`];
  test.each<[string, string, string]>([
    ['shared/model/record.ts', `import { x } from '../sync/ingest.ts';`, 'nothing of ours'],
    ['shared/errors.ts', `import type { X } from './model/record.ts';`, 'nothing of ours'],
    ['shared/sync/ingest.ts', `import type { X } from '../store/runs.ts';`, 'declare the interface'],
    ['shared/mapping/x.ts', `export { x } from '../credentials/keyVault.ts';`, 'declare the interface'],
    ['shared/formats/csv.ts', `import { readFile } from 'node:fs/promises';`, 'do no I/O'],
    ['shared/resilience/retry.ts', `const fs = require('node:fs');`, 'do no I/O'],
    ['shared/snapshot/diff.ts', `import { x } from '../helper.ts';`, 'do no I/O'],
    ['shared/connectors/rest.ts', `import { x } from './mssql.ts';`, 'a connector imports'],
    ['shared/connectors/rest.ts', `import type { X } from '../store/runs.ts';`, 'a connector imports'],
    ['shared/connectors/sql/page.ts', `import { x } from '../../formats/csv.ts';`, 'a connector imports'],
    ['shared/store/runs.ts', `import { TableClient } from '@azure/data-tables';`, 'shared/store/tables.ts'],
    [
      'cli/secrets.ts',
      `import {\n  SecretClient,\n} from '@azure/keyvault-secrets';`,
      'shared/credentials/keyVault.ts',
    ],
    ['shared/store/x.ts', `const x = await import('@azure/monitor-query');`, 'none is named'],
    ['shared/telemetry/log.ts', `import type { InvocationContext } from '@azure/functions';`, 'only functions/'],
    ['local/host/x.ts', `import 'durable-functions';`, 'only functions/'],
    ['functions/runs/x.ts', `import { openRuns } from '../../shared/store/runs.ts';`, 'through shared/app.ts'],
    ['cli/push.ts', `import { send, type X } from '../shared/delivery/serviceBus.ts';`, 'through shared/app.ts'],
    ['shared/app.ts', `import { route } from '../functions/http/route.ts';`, 'knows nothing of triggers'],
    ['shared/app.ts', `import { isLocal } from '../local/stack.ts';`, 'nothing imports test/'],
    ['build.ts', `import { x } from './bench/main.ts';`, 'nothing imports test/'],
    ['local/stack.ts', `import { x } from '../test/helpers/host.ts';`, 'nothing imports test/'],
    ['bench/push.ts', `import { x } from '../local/cosmos/server.ts';`, 'nothing imports test/'],
  ])('%s: %s', (path, text, sentence) => {
    const sources = new Map([adapter, ['shared/helper.ts', `import net from 'node:net';`], [path, text]]);
    const violations = findViolations(sources);
    expect(violations).toEqual(expect.arrayContaining([expect.stringContaining(sentence)]));
    expect(violations.every((violation) => violation.startsWith(path))).toBe(true);
  });

  test.each<[string, string]>([
    ['shared/model/record.ts', `import { AdpError } from '../errors.ts';\nimport { x } from './version.ts';`],
    ['shared/formats/gunzip.ts', `import { createGunzip } from 'node:zlib';`],
    ['shared/sync/ingest.ts', `import type { X } from '../helper.ts';\n// import { x } from 'node:fs';`],
    ['shared/connectors/mssql.ts', `import sql from 'mssql';\nimport { x } from './connector.ts';`],
    ['shared/connectors/registry.ts', `import { mssql } from './mssql.ts';`],
    ['functions/runs/x.ts', `import type { Run } from '../../shared/store/runs.ts';`],
    ['examples/demo.ts', `import { startStack } from '../local/stack.ts';`],
    ['bench/pollMysql.ts', `import { startMariadb } from '../test/helpers/mariadb.ts';`],
    ['test/integration/x.test.ts', `import { server } from '../../local/cosmos/server.ts';`],
    ['local/host/x.ts', `import type { ServiceBusReceivedMessage } from '@azure/service-bus';`],
  ])('and what is allowed is not: %s: %s', (path, text) => {
    expect(
      findViolations(
        new Map([
          ['shared/helper.ts', `import net from 'node:net';`],
          [path, text],
        ]),
      ),
    ).toEqual([]);
  });
});

test('imports are read in every form that we write', () => {
  const text = [
    `import a, { type B } from './a.ts';`,
    `import type { C } from 'c';`,
    `import {\n  type D,\n  e,\n} from '../d.ts';`,
    `import './bare.ts';`,
    `export * from './f.ts';`,
    `export type { G } from './g.ts';`,
    `const h = await import('./h.ts');`,
    `const from = 'not an import'; export const text = 'from "x"';`,
  ].join('\n');
  expect(importsOf('shared/x/y.ts', text).map(({ target, isTypeOnly }) => [target, isTypeOnly])).toEqual([
    ['shared/x/a.ts', false],
    ['c', true],
    ['shared/d.ts', false],
    ['shared/x/f.ts', false],
    ['shared/x/g.ts', true],
    ['shared/x/bare.ts', false],
    ['shared/x/h.ts', false],
  ]);
});
