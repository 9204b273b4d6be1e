import { expect, test } from '@jest/globals';
import type { Dialect } from '../../shared/connectors/sql/dialect.ts';
import { makePlan } from '../../shared/connectors/sql/plan.ts';
import { postgresDialect } from '../../shared/connectors/sql/postgres/dialect.ts';
import { type RowsRequest, readRows } from '../../shared/connectors/sql/readRows.ts';
import type { Cells, Session } from '../../shared/connectors/sql/session.ts';
import { readEntitySettings } from '../../shared/connectors/sql/settings.ts';
import { queryOf } from '../helpers/sqlWorld.ts';

/** Its columns need not be from the catalogue. */
const dialect: Dialect = { ...postgresDialect, select: (_column, sql) => sql, toValue: () => (cell) => cell };
const column = { type: 'text', kind: 'ordered', isNullable: false, isLoose: false } as const;
const id = { ...column, name: 'id' };
const scan = { ...column, name: 'scan' };

/** A view whose rows are as wide as a page each, so that one is all that comes; statements for its keys get these. */
async function firstPage(ids: readonly string[]) {
  const session: Session = {
    async query({ sql }) {
      const rows: Cells[] = ids.map((one) => (sql.includes('"scan"') ? ['wide', one] : [one]));
      return sql.includes('"scan"') ? { rows: rows.slice(0, 1), isCut: rows.length > 0 } : { rows, isCut: false };
    },
    close: async () => undefined,
  };
  const query = queryOf({ table: 'scans' });
  const relation = { from: 'scans', label: 'scans', columns: [id, scan], uniqueKeys: [], indexed: [], rowEstimate: 2 };
  const settings = readEntitySettings(query.settings);
  const plan = makePlan({ dialect, session, query, settings, relation }, 'all');
  const request: RowsRequest = { columns: [scan], order: [id], after: undefined, bounds: [], maxRows: 100 };
  return readRows(plan, request, new AbortController().signal);
}

test('of two rows with one key the second is not lost where the first fills a page alone', async () => {
  await expect(firstPage(['7', '7'])).rejects.toMatchObject({
    code: 'CONFIG_ERROR',
    message: expect.stringContaining('have the same key (id 7)'),
  });
  expect(await firstPage(['7', '8'])).toMatchObject({ last: ['7'], hasMore: true });
  expect(await firstPage(['7'])).toMatchObject({ last: ['7'], rows: [{ values: { scan: 'wide' } }] });
});
