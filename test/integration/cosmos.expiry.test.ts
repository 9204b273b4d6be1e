// Purging, with a clock of the test's own.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { Containers } from '../../local/cosmos/containers.ts';
import { openDatabase } from '../../local/cosmos/database.ts';
import { Documents } from '../../local/cosmos/documents.ts';
import { purgeExpired } from '../../local/cosmos/expiry.ts';

test('what has expired is removed from the file, the rest is kept', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'cosmos-'));
  const database = openDatabase(join(dataDir, 'cosmos.sqlite'));
  const containers = new Containers(database);
  containers.createDatabase({ id: 'd' });
  containers.create('d', { id: 'c', partitionKey: { paths: ['/pk'] }, defaultTtl: -1 });
  const container = containers.find('d', 'c');
  const start = 1_000_000_000_000;
  const documents = new Documents(database, container, () => start);
  for (const [id, ttl] of [
    ['brief', 10],
    ['longer', 100],
    ['lasting', -1],
  ] as const) {
    const body = { id, pk: 'a', ttl };
    documents.perform({
      type: 'Create',
      id: undefined,
      key: undefined,
      body,
      ifMatch: undefined,
      ifNoneMatch: undefined,
    });
  }
  const left = () =>
    database
      .statement(`SELECT id FROM ${container.table} ORDER BY row`)
      .all()
      .map(({ id }) => id);

  purgeExpired(database, containers, start + 9_999);
  expect(left()).toEqual(['brief', 'longer', 'lasting']);
  purgeExpired(database, containers, start + 10_000);
  expect(left()).toEqual(['longer', 'lasting']);
  purgeExpired(database, containers, start + 1e9);
  expect(left()).toEqual(['lasting']);

  database.close();
  rmSync(dataDir, { recursive: true });
});
