import { expect, test } from '@jest/globals';
import { check } from '../../shared/connectors/sql/check.ts';
import type { Dialect, Relation } from '../../shared/connectors/sql/dialect.ts';
import { postgresDialect } from '../../shared/connectors/sql/postgres/dialect.ts';
import type { Session } from '../../shared/connectors/sql/session.ts';
import { readSourceSettings } from '../../shared/connectors/sql/settings.ts';
import { timeZone } from '../../shared/mapping/zone.ts';
import { queryOf } from '../helpers/sqlWorld.ts';

const now = '2026-01-31T12:00:00Z';
const session: Session = {
  query: async () => ({ rows: [[now]], isCut: false }),
  close: async () => undefined,
};

/** A check that is stopped once a table is looked at, or the server as a whole. */
async function stoppedAt(stop: string) {
  const controller = new AbortController();
  const look = async <T>(at: string, answer: T): Promise<T> => {
    if (at === stop) controller.abort(new Error('enough'));
    controller.signal.throwIfAborted();
    return answer;
  };
  const dialect: Dialect = {
    ...postgresDialect,
    describe: (_session, { name: label }) => {
      const id = { name: 'id', type: 'integer', kind: 'number', isNullable: false, isLoose: false } as const;
      const relation: Relation = {
        from: label,
        label,
        columns: [id],
        uniqueKeys: [['id']],
        indexed: ['id'],
        rowEstimate: 1,
      };
      return look(label, relation);
    },
    check: () => look('server', []),
  };
  const parts = {
    dialect,
    session,
    line: { kind: 'verified' } as const,
    settings: readSourceSettings({}),
    times: { clock: () => Date.parse(now), timeZone },
  };
  const queries = [
    { ...queryOf({ table: 'parts' }), entity: 'part' },
    { ...queryOf({ table: 'prices' }), entity: 'part_price' },
    { ...queryOf({ table: 'customers' }), entity: 'customer' },
  ] as const;
  const findings = await check(parts, queries, controller.signal);
  return {
    found: findings.filter(({ level }) => level === 'ok'),
    errors: findings.filter(({ level }) => level !== 'ok'),
  };
}

test('a check that takes too long tells what it found by then, and names the entity that it was at', async () => {
  const { found, errors } = await stoppedAt('prices');
  expect(found.map(({ name, entity }) => `${name} ${entity ?? ''}`)).toEqual(
    expect.arrayContaining(['login ', 'key part']),
  );
  expect(errors).toEqual([
    { name: 'time', level: 'error', entity: 'part_price', detail: expect.stringMatching(/too long.*customer/) },
  ]);
});

test('nor is what was found of the entities lost where the server says nothing of itself', async () => {
  const { found, errors } = await stoppedAt('server');
  expect(found.map(({ entity }) => entity)).toContain('customer');
  expect(errors).toEqual([{ name: 'time', level: 'error', detail: expect.stringContaining('too long') }]);
});
