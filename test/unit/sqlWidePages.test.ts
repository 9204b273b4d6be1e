import { expect, test } from '@jest/globals';
import type { Dialect } from '../../shared/connectors/sql/dialect.ts';
import { makePlan } from '../../shared/connectors/sql/plan.ts';
import { postgresDialect } from '../../shared/connectors/sql/postgres/dialect.ts';
import { pullPage } from '../../shared/connectors/sql/pull.ts';
import { readRows } from '../../shared/connectors/sql/readRows.ts';
import type { Cells, Session } from '../../shared/connectors/sql/session.ts';
import { readEntitySettings } from '../../shared/connectors/sql/settings.ts';
import { toPlace } from '../../shared/connectors/sql/state.ts';
import type { JsonValue } from '../../shared/model/json.ts';
import { queryOf } from '../helpers/sqlWorld.ts';

/** Its columns need not be from the catalogue. */
const dialect: Dialect = {
  ...postgresDialect,
  select: (_column, sql) => sql,
  toValue: () => (cell) => cell,
  parse: (_column, placeholder) => placeholder,
};
const column = { type: 'text', kind: 'ordered', isNullable: false, isLoose: false } as const;
const id = { ...column, name: 'id' };
const scan = { ...column, name: 'scan' };

const { signal } = new AbortController();

function planOf(query: Session['query'], uniqueKeys: readonly string[][]) {
  const session: Session = { query, close: async () => undefined };
  const relation = { from: 'scans', label: 'scans', columns: [id, scan], uniqueKeys, indexed: [], rowEstimate: 2 };
  const wanted = queryOf({ table: 'scans' });
  return makePlan({ dialect, session, query: wanted, settings: readEntitySettings(wanted.settings), relation }, 'all');
}

/** Of a view whose rows are as wide as a page each, so that one is all that comes; statements for its keys get these. */
async function firstPage(ids: readonly string[]) {
  const plan = planOf(async ({ sql }) => {
    const isWhole = sql.includes('"scan"');
    const rows: Cells[] = ids.map((one) => (isWhole ? ['wide', one] : [one]));
    return { rows: isWhole ? rows.slice(0, 1) : rows, isCut: isWhole };
  }, []);
  return readRows(plan, { columns: [scan], order: [id], after: undefined, bounds: [], maxRows: 100 }, signal);
}

test('of two rows with one key the second is not lost where the first fills a page alone', async () => {
  await expect(firstPage(['7', '7'])).rejects.toMatchObject({
    code: 'CONFIG_ERROR',
    message: expect.stringContaining('have the same key (id 7)'),
  });
  expect(await firstPage(['7', '8'])).toMatchObject({ last: ['7'], hasMore: true });
  expect(await firstPage(['7'])).toMatchObject({ last: ['7'], rows: [{ values: { scan: 'wide' } }] });
});

test('after a row that filled a page alone, pages grow again', async () => {
  let left = 10_000;
  const plan = planOf(
    async ({ sql }) => {
      const isWide = left === 10_000;
      const count = isWide ? 1 : Math.min(left, Number(/LIMIT (\d+)/.exec(sql)?.[1]));
      return { rows: Array.from({ length: count }, (_, n): Cells => [`${10_000 - left + n}`, 'x']), isCut: isWide };
    },
    [['id']],
  );
  let pages = 0;
  let place: JsonValue | undefined;
  do {
    const page = await pullPage(plan, { reads: 'all' }, toPlace(place), 1_000, signal);
    left -= page.rows.length;
    place = page.next;
    pages++;
  } while (place !== undefined);
  expect(left).toBe(0);
  expect(pages).toBeLessThan(25);
});
