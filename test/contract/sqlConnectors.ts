import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkJson } from '../../shared/check.ts';
import type { Connection, Query } from '../../shared/connectors/connector.ts';
import { AdpError } from '../../shared/errors.ts';
import type { JsonObject, JsonValue } from '../../shared/model/json.ts';
import { describeWith } from '../helpers/describeWith.ts';
import { until } from '../helpers/poll.ts';
import { patient, sqlTools } from '../helpers/sqlTools.ts';
import {
  fieldOf,
  findingsOf,
  openWorld,
  type QueryOptions,
  queryOf,
  readWhole,
  type SqlWorld,
} from '../helpers/sqlWorld.ts';

/** A database, as it is enrolled. */
export interface SqlFixture {
  readonly name: string;
  /** Said loudly where there is no server; undefined where there is. */
  readonly skipped: string | undefined;
  start(): Promise<SqlWorld>;
}

const { signal } = new AbortController();
const minute = 60_000;
const iso = (ms: number) => new Date(ms).toISOString();
/** A time as a `local` column has it. */
const local = (ms: number, fraction = '') => `${iso(ms).slice(0, 19)}${fraction}`;

/** What every database connector must do besides what all connectors must (connectorSuite.ts), against a real server. */
export function sqlConnectorSuite({ name, skipped, start }: SqlFixture): void {
  describeWith(skipped, name, () => {
    let world: SqlWorld;
    let connection: Connection;
    let tables = 0;
    let table: string;
    const others: Connection[] = [];
    const said: string[] = [];

    beforeAll(async () => {
      world = await start();
    });
    afterAll(async () => {
      await world?.stop();
    });
    beforeEach(async () => {
      table = `t${++tables}`;
      connection = await openWorld(world);
    });
    afterEach(async () => {
      for (const other of [connection, ...others.splice(0)]) await other.close();
    });

    const open = async (options: Parameters<typeof openWorld>[1]) => {
      const other = await openWorld(world, options);
      others.push(other);
      return other;
    };
    const query = (options: QueryOptions = {}): Query => queryOf({ table: world.tableSetting(table) }, options);
    /** `n` rows with ids from 1, dated as told. */
    const stock = async (
      count: number,
      at: (i: number) => string | null = (i) => local(Date.now() - (count - i) * 1_000),
    ) => {
      await world.create(table, { id: 'id!', note: 'text', modified: 'local' }, ['id']);
      await world.run(`CREATE INDEX ix_${table} ON ${world.tableSetting(table)} (modified)`);
      await world.insert(table, rowsOf(count, at));
    };
    const rowsOf = (count: number, at: (i: number) => string | null, from = 1) =>
      Array.from({ length: count }, (_, i) => ({ id: from + i, note: `n${from + i}`, modified: at(from + i) }));
    const ids = (count: number, from = 1) => Array.from({ length: count }, (_, i) => from + i);
    const byModified = (more: QueryOptions = {}) => query({ cursor: 'modified', ...more });
    /** The error of something that must fail; what it says is looked through for secrets at the end. */
    const failureOf = async (action: () => Promise<unknown>): Promise<AdpError> => {
      const error = await action().then(
        () => new Error('It worked.'),
        (failed: unknown) => failed,
      );
      if (!(error instanceof AdpError)) throw error;
      said.push(error.message, String(error.stack), String(error.cause), JSON.stringify(error.cause ?? null));
      if (error.cause instanceof Error) said.push(String(error.cause.stack), ...Object.values(error.cause).map(String));
      return error;
    };

    describe('settings', () => {
      const faults = (settings: JsonObject) =>
        checkJson(world.connector.settings.entity)
          .faults(settings)
          .map(({ field, detail }) => `${field} ${detail}`.trim());

      test('are refused without what is required, or with what is not known', () => {
        const whole = { table: 'parts', key: ['id'] };
        expect(faults(whole)).toEqual([]);
        expect(faults({ table: 'parts' })).not.toEqual([]);
        expect(faults({ key: ['id'] })).not.toEqual([]);
        expect(faults({ query: 'parts', key: ['id'] })).toEqual([]);
        expect(faults({ ...whole, key: [] })).not.toEqual([]);
        expect(faults({ ...whole, where: '1=1' })).not.toEqual([]);
        expect(checkJson(world.connector.settings.source).faults({ options: '-c x=y' })).not.toEqual([]);
        expect(checkJson(world.connector.settings.source).faults(world.settings)).toEqual([]);
      });

      test('are refused where a query is none, or is not there, or a cursor has no column', () => {
        const told = (sql: string) =>
          world.connector.faultsOf?.({ queries: { q: sql } }, queryOf({ query: 'q' }, { kind: 'full' })) ?? [];
        expect(told('SELECT 1 AS id')).toEqual([]);
        expect(told('DELETE FROM parts')).toEqual([expect.stringContaining('SELECT')]);
        expect(told('SELECT 1 AS id; DROP TABLE parts')).toEqual([expect.stringContaining('semicolon')]);
        expect(world.connector.faultsOf?.({}, queryOf({ query: 'q' }, { kind: 'full' }))).toEqual([
          expect.stringContaining('no query "q"'),
        ]);
        expect(world.connector.faultsOf?.({}, queryOf({ table: 'a.b.c.d' }, { kind: 'full' }))).not.toEqual([]);
        const both = queryOf({ table: 'a', query: 'q' }, { kind: 'full' });
        expect(world.connector.faultsOf?.({}, both)).toEqual([expect.stringContaining('both')]);
        expect(world.connector.faultsOf?.({}, queryOf({ table: 'a' }, { kind: 'timestamp' }))).toEqual([
          expect.stringContaining('cursor.column'),
        ]);
      });

      test('a connection string that is none is refused, and not repeated', async () => {
        for (const secret of ['hunter2hunter2', 'ftp://user:hunter2hunter2@host/db', '']) {
          const error = await failureOf(() => open({ secret }));
          expect(error).toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
          expect(error.message).not.toContain('hunter2');
        }
      });
    });

    describe('a backfill', () => {
      test('reads everything by key, and its last page alone has the cursor: where the clock stood before the first', async () => {
        await stock(25);
        const whole = await readWhole(connection, byModified(), { pageRows: 7 });
        expect(fieldOf(whole.rows, 'id')).toEqual(ids(25));
        expect(whole.pages.map(({ rows }) => rows.length)).toEqual([7, 7, 7, 4]);
        expect(whole.pages.map(({ cursor }) => cursor !== undefined)).toEqual([false, false, false, true]);
        expect(whole.read.isBackfill).toBe(true);
        expect(whole.pages[0]?.columns).toEqual(['id', 'note', 'modified']);
        expect(whole.pages.slice(1).every(({ columns }) => columns === undefined)).toBe(true);
      });

      test('has no page more than it needs', async () => {
        await stock(14);
        expect((await readWhole(connection, byModified(), { pageRows: 7 })).pages).toHaveLength(2);
      });

      test('of nothing says so, and the next read sees what came since', async () => {
        await stock(0);
        const empty = await readWhole(connection, byModified());
        expect(empty.rows).toEqual([]);
        // Whose clock dates rows, and in which zone, is not ours to know.
        await world.insert(
          table,
          rowsOf(3, () => local(Date.now() - 14 * 60 * minute)),
        );
        const next = await readWhole(connection, byModified(), { cursor: empty.cursor });
        expect(fieldOf(next.rows, 'id')).toEqual(ids(3));
      });

      test('loses nothing that is changed while it reads', async () => {
        await stock(20, (i) => local(Date.now() - 3_600_000 + i * 1_000));
        const seen = new Map<unknown, unknown>();
        const take = (rows: readonly Record<string, unknown>[]) => {
          for (const row of rows) seen.set(row.id, row.note);
        };
        const whole = await readWhole(connection, byModified(), {
          pageRows: 5,
          between: (page) =>
            world.run(
              `UPDATE ${world.tableSetting(table)} SET note = 'changed${page}', modified = '${local(Date.now())}' WHERE id = ${page}`,
            ),
        });
        take(whole.rows);
        expect(seen.get(1)).toBe('n1');
        const next = await readWhole(connection, byModified(), { cursor: whole.cursor });
        take(next.rows);
        expect([seen.get(1), seen.get(2), seen.get(3)]).toEqual(['changed1', 'changed2', 'changed3']);
      });
    });

    describe('changes', () => {
      const since = Date.parse('2026-05-01T10:00:00Z');
      /** A cursor that stands at a time, as an earlier read would have left it. */
      const cursorAt = (ms: number) => local(ms);

      test('are read from the cursor less the overlap, the earlier ones first', async () => {
        await stock(20, (i) => local(since + (21 - i) * minute));
        const whole = await readWhole(connection, byModified({ overlapSeconds: 300 }), {
          cursor: cursorAt(since + 15 * minute),
          pageRows: 3,
        });
        expect(fieldOf(whole.rows, 'id')).toEqual(ids(11).reverse());
        expect(whole.read.isBackfill).toBe(false);
        expect(whole.cursor).toContain(local(since + 20 * minute).slice(11));
      });

      test('never say a cursor that lies before the one that they began with', async () => {
        await stock(20, (i) => local(since + i * minute));
        const cursor = cursorAt(since + 15 * minute);
        const whole = await readWhole(connection, byModified({ overlapSeconds: 600 }), { cursor, pageRows: 2 });
        const said = whole.pages.flatMap((page) => page.cursor ?? []);
        expect(said.every((text) => text.replace(' ', 'T') > cursor)).toBe(true);
        expect(said.length).toBeGreaterThan(1);
      });

      test('are told apart by the last digit of a second that the database has', async () => {
        const digit = (i: number) => `.${'0'.repeat(world.fractionDigits - 2)}${String(i).padStart(2, '0')}`;
        await stock(30, (i) => local(since, digit(31 - i)));
        const whole = await readWhole(connection, byModified({ overlapSeconds: 0 }), {
          cursor: cursorAt(since - minute),
          pageRows: 1,
        });
        expect(fieldOf(whole.rows, 'id')).toEqual(ids(30).reverse());
        const again = await readWhole(connection, byModified({ overlapSeconds: 0 }), { cursor: whole.cursor });
        expect(fieldOf(again.rows, 'id')).toEqual([1]);
      });

      test('that were committed late are found within the overlap', async () => {
        await stock(5, (i) => local(since + i * minute));
        const first = await readWhole(connection, byModified(), { cursor: cursorAt(since) });
        await world.insert(table, [{ id: 99, note: 'late', modified: local(since + 5 * minute - 200_000) }]);
        const next = await readWhole(connection, byModified(), { cursor: first.cursor });
        expect(fieldOf(next.rows, 'id')).toContain(99);
        const without = await readWhole(connection, byModified({ overlapSeconds: 0 }), { cursor: first.cursor });
        expect(fieldOf(without.rows, 'id')).not.toContain(99);
      });

      test('with a date in 2099 are read, but the cursor stays within the clock', async () => {
        await stock(5, (i) => (i === 2 ? '2099-01-01T00:00:00' : local(since + i * minute)));
        const first = await readWhole(connection, byModified(), { cursor: cursorAt(since), pageRows: 2 });
        expect(fieldOf(first.rows, 'id')).toEqual([1, 3, 4, 5, 2]);
        expect(first.cursor).toContain(local(since + 5 * minute).slice(11));
        await world.insert(table, [{ id: 6, note: 'later', modified: local(since + 6 * minute) }]);
        const next = await readWhole(connection, byModified({ overlapSeconds: 0 }), { cursor: first.cursor });
        expect(fieldOf(next.rows, 'id')).toEqual([5, 6, 2]);
        await world.run(`DELETE FROM ${world.tableSetting(table)} WHERE id <> 2`);
        const alone = await readWhole(connection, byModified(), { cursor: first.cursor });
        expect([fieldOf(alone.rows, 'id'), alone.cursor]).toEqual([[2], first.cursor]);
      });

      test('with a date in 2099 do not move the mark of a backfill either', async () => {
        await stock(3, (i) => (i === 2 ? '2099-01-01T00:00:00' : local(since)));
        const whole = await readWhole(connection, byModified());
        await world.insert(table, [{ id: 6, note: 'later', modified: local(since + 1_000) }]);
        const next = await readWhole(connection, byModified({ overlapSeconds: 0 }), { cursor: whole.cursor });
        expect(fieldOf(next.rows, 'id')).toContain(6);
      });

      test('whose cursor is NULL are read by a backfill, which counts them, and by complete reads only', async () => {
        await stock(9, (i) => (i % 3 === 0 ? null : local(since + i * minute)));
        const backfill = await readWhole(connection, byModified(), { pageRows: 2 });
        expect(fieldOf(backfill.rows, 'id')).toEqual(ids(9));
        expect(backfill.notes).toEqual([expect.stringMatching(/^3 rows .* no modified/)]);
        const changes = await readWhole(connection, byModified(), { cursor: cursorAt(since), pageRows: 2 });
        expect(fieldOf(changes.rows, 'id')).toEqual([1, 2, 4, 5, 7, 8]);
        const all = await readWhole(connection, byModified(), { mode: 'all', pageRows: 2 });
        expect(fieldOf(all.rows, 'id')).toEqual(ids(9));
        expect(all.cursor).toBeUndefined();
      });

      test('after the database set its clock back are read from as much earlier', async () => {
        await stock(3, (i) => local(since + i * minute));
        const first = await readWhole(connection, byModified(), { cursor: cursorAt(since) });
        // Half an hour back for the database is half an hour forward for us.
        const later = await open({ clock: () => Date.now() + 30 * minute });
        await world.insert(table, [{ id: 50, note: 'dated back', modified: local(since - 20 * minute) }]);
        const next = await readWhole(later, byModified(), { cursor: first.cursor });
        expect(fieldOf(next.rows, 'id')).toContain(50);
        // As much as is certain, however long the clock's time was on its way.
        expect(next.notes).toEqual([expect.stringMatching(/set back by (1800|1[67]\d\d) s/)]);
        expect(next.read.isClockSetBack).toBe(true);
        const usual = await readWhole(connection, byModified(), { cursor: first.cursor });
        expect(usual.read.isClockSetBack).toBeUndefined();
        expect(fieldOf(usual.rows, 'id')).not.toContain(50);
      });

      test('in local time are read from before the hour that comes twice', async () => {
        // In Chicago, 1 November 2026: at 02:00 it is 01:00 again.
        const at = (time: string) => `2026-11-01T${time}`;
        const times = ['00:50:00', '01:10:00', '01:50:00', '02:30:00'];
        await stock(4, (i) => at(times[i - 1] ?? ''));
        const chicago = byModified({ zone: 'America/Chicago' });
        const first = await readWhole(connection, chicago, { cursor: at('00:30:00'), pageRows: 10 });
        expect(fieldOf(first.rows, 'id')).toEqual([1, 2, 3, 4]);
        // Reached in the first pass; a row of the second is dated before it.
        const next = await readWhole(connection, chicago, { cursor: at('01:50:00') });
        expect(fieldOf(next.rows, 'id')).toEqual([2, 3, 4]);
        const utc = await readWhole(connection, byModified(), { cursor: at('01:50:00') });
        expect(fieldOf(utc.rows, 'id')).toEqual([3, 4]);
      });

      test('of times with a zone are read as moments', async () => {
        await world.create(table, { id: 'id!', modified: 'moment' }, ['id']);
        await world.insert(
          table,
          ids(6).map((id) => ({ id, modified: `${local(since + id * minute)}Z` })),
        );
        const first = await readWhole(connection, byModified({ zone: 'America/Chicago' }), { pageRows: 2 });
        expect(fieldOf(first.rows, 'id')).toEqual(ids(6));
        expect(first.rows[0]?.modified).toMatch(/^2026-05-01T10:01:00(\.0+)?Z$/);
        await world.insert(table, [{ id: 7, modified: `${local(since + 7 * minute)}Z` }]);
        const next = await readWhole(connection, byModified({ overlapSeconds: 0 }), {
          cursor: first.cursor,
          pageRows: 1,
        });
        expect(fieldOf(next.rows, 'id')).toEqual([6, 7]);
      });

      test('by rising ids are read from the last one less the overlap', async () => {
        await stock(30);
        const rising = query({ kind: 'monotonic_id', cursor: 'id', overlapIds: 5 });
        const first = await readWhole(connection, rising, { pageRows: 4 });
        expect(fieldOf(first.rows, 'id')).toEqual(ids(30));
        await world.insert(
          table,
          rowsOf(3, () => null, 31),
        );
        const next = await readWhole(connection, rising, { cursor: first.cursor, pageRows: 4 });
        expect(fieldOf(next.rows, 'id')).toEqual(ids(9, 25));
        expect(next.cursor).toBe('33');
      });

      test('are not asked of a kind that the database does not have, or a column that is no time', async () => {
        await stock(1);
        const begin = (wanted: Query) => () => connection.begin(wanted, 'changes', undefined, signal);
        expect(await failureOf(begin(query({ kind: 'token', cursor: 'modified' })))).toMatchObject({
          code: 'CONFIG_ERROR',
        });
        expect(await failureOf(begin(query({ kind: 'timestamp', cursor: 'note' })))).toMatchObject({
          code: 'CONFIG_ERROR',
        });
        expect(await failureOf(begin(query({ kind: 'monotonic_id', cursor: 'note' })))).toMatchObject({
          code: 'CONFIG_ERROR',
        });
      });
    });

    describe('keys', () => {
      test('of several columns order pages', async () => {
        await world.create(table, { shop: 'id!', part: 'text!', bin: 'number!', modified: 'local' }, [
          'shop',
          'part',
          'bin',
        ]);
        const rows = ids(60).map((i) => ({ shop: i % 3, part: `p${i % 4}`, bin: i, modified: '2026-05-01T10:00:00' }));
        await world.insert(table, rows);
        const key = ['shop', 'part', 'bin'];
        const expected = rows
          .toSorted((a, b) => a.shop - b.shop || a.part.localeCompare(b.part) || a.bin - b.bin)
          .map(({ bin }) => String(bin));
        for (const [mode, cursor] of [
          ['all', undefined],
          ['keys', undefined],
          ['changes', undefined],
          ['changes', '2026-05-01T10:00:00'],
        ] as const) {
          const whole = await readWhole(connection, byModified({ key }), { mode, cursor, pageRows: 7 });
          expect(whole.rows.map(({ bin }) => String(bin))).toEqual(expected);
        }
      });

      test('alone are read in a sweep', async () => {
        await stock(10);
        const whole = await readWhole(connection, byModified({ columns: ['id', 'note', 'modified'] }), {
          mode: 'keys',
          pageRows: 3,
        });
        expect(whole.rows.map((row) => Object.keys(row))).toEqual(ids(10).map(() => ['id']));
      });

      test('that stay are all read in a sweep, whatever is deleted meanwhile', async () => {
        await stock(20);
        const whole = await readWhole(connection, byModified(), {
          mode: 'keys',
          pageRows: 5,
          between: (page) =>
            world.run(`DELETE FROM ${world.tableSetting(table)} WHERE id IN (${page * 5}, ${page * 5 + 1})`),
        });
        const left = ids(20).filter((id) => ![5, 6, 10, 11, 15, 16].includes(id));
        expect(fieldOf(whole.rows, 'id')).toEqual(expect.arrayContaining(left));
        expect(fieldOf(whole.rows, 'id')).not.toEqual(expect.arrayContaining([6]));
      });

      test('that are not unique stop the read', async () => {
        await world.create(table, { id: 'id!', note: 'text' });
        await world.insert(
          table,
          [...ids(5), 3].map((id) => ({ id, note: 'x' })),
        );
        for (const pageRows of [2, 3, 4]) {
          const error = await failureOf(() => readWhole(connection, query(), { mode: 'all', pageRows }));
          expect(error).toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
          expect(error.message).toContain('id 3');
        }
      });

      test('that are only equal to the database are read all the same', async () => {
        await world.create(table, { id: 'text', note: 'text' });
        const names = ['a', 'A', 'b', 'B', 'c'];
        await world.insert(
          table,
          names.map((id) => ({ id, note: 'x' })),
        );
        const whole = await readWhole(connection, query(), { mode: 'all', pageRows: 1 });
        expect(fieldOf(whole.rows, 'id').toSorted()).toEqual(names.toSorted());
        // Where this says nothing, the test above does neither.
        const same = `SELECT id FROM ${world.tableSetting(table)} WHERE id = 'a'`;
        const other = await open({ settings: { queries: { same } } });
        const equal = await readWhole(other, queryOf({ query: 'same' }), { mode: 'all' });
        expect(equal.rows).toHaveLength(world.foldsCase ? 2 : 1);
      });

      test('that are NULL make rows that can not be read', async () => {
        await world.create(table, { id: 'id', note: 'text', modified: 'local' });
        await world.insert(
          table,
          [1, null, 3, null].map((id, i) => ({ id, note: `n${i}`, modified: '2026-05-01T10:00:00' })),
        );
        for (const pageRows of [1, 2, 10]) {
          const whole = await readWhole(connection, byModified(), { mode: 'all', pageRows });
          expect(fieldOf(whole.rows, 'id')).toEqual([1, 3]);
          expect(whole.errors.length).toBeGreaterThanOrEqual(1);
          expect(whole.errors[0]).toContain('id is NULL');
          if (pageRows > 2) expect(whole.errors).toHaveLength(2);
          else expect(whole.errors.length === 2 || whole.notes.some((note) => note.includes('have no key'))).toBe(true);
        }
      });

      test('any, with any ties, NULLs and page sizes, lose no row and read none twice', async () => {
        await world.create(table, { a: 'text!', b: 'number!', modified: 'local' }, ['a', 'b']);
        const row = fc.record({
          a: fc.constantFrom('x', 'y', 'y ', 'z', 'ä', '_'),
          b: fc.integer({ min: -3, max: 12 }),
          seconds: fc.option(fc.integer({ min: 0, max: 3 })),
        });
        const same = ({ a, b }: { a: string; b: number }) => `${a.trimEnd()}/${b}`;
        await fc.assert(
          fc.asyncProperty(
            fc.uniqueArray(row, { selector: same, maxLength: 25 }),
            fc.integer({ min: 1, max: 9 }),
            async (rows, pageRows) => {
              await world.run(`DELETE FROM ${world.tableSetting(table)}`);
              if (rows.length > 0) {
                await world.insert(
                  table,
                  rows.map(({ a, b, seconds }) => ({
                    a,
                    b,
                    modified: seconds === null ? null : local(since(seconds)),
                  })),
                );
              }
              const all = rows.map(same).sort();
              const dated = rows
                .filter(({ seconds }) => seconds !== null)
                .map(same)
                .sort();
              const read = async (mode: 'all' | 'changes', cursor?: string) => {
                const whole = await readWhole(connection, byModified({ key: ['a', 'b'] }), { mode, cursor, pageRows });
                return whole.rows.map((found) => same({ a: String(found.a), b: Number(found.b) })).sort();
              };
              expect(await read('all')).toEqual(all);
              expect(await read('changes')).toEqual(all);
              expect(await read('changes', local(since(0)))).toEqual(dated);
            },
          ),
          { numRuns: 25 },
        );
        function since(seconds: number): number {
          return Date.parse('2026-05-01T10:00:00Z') + seconds * 1_000;
        }
      });
    });

    describe('rows', () => {
      test('hold every type without loss', async () => {
        await world.createExamples(table, world.examples);
        const whole = await readWhole(connection, query({ key: ['c0'] }), { mode: 'all' });
        const [row = {}] = whole.rows;
        const found = world.examples.map(({ type, literal }, i) => [type, literal, row[`c${i}`]]);
        expect(found).toEqual(world.examples.map(({ type, literal, value }) => [type, literal, value]));
      });

      test('are the same whatever the order of their columns', async () => {
        await world.create(table, { note: 'text', modified: 'local', id: 'id!' }, ['id']);
        await world.insert(table, [{ id: 1, note: 'a', modified: null }]);
        expect((await readWhole(connection, byModified(), { mode: 'all' })).rows).toEqual([
          { id: 1, note: 'a', modified: null },
        ]);
      });

      test('hold the columns that are wanted, and no others', async () => {
        await stock(1);
        const some = await readWhole(connection, byModified({ columns: ['note', 'gone'] }), { mode: 'all' });
        expect(some.rows.map(Object.keys)).toEqual([['note']]);
        expect(some.pages[0]?.columns).toEqual(['id', 'note', 'modified']);
        const configured = query({ settings: { columns: ['id', 'note'] } });
        expect((await readWhole(connection, configured, { mode: 'all' })).rows.map(Object.keys)).toEqual([
          ['id', 'note'],
        ]);
      });

      test('say themselves that they are deleted', async () => {
        await world.create(table, { id: 'id!', gone: 'text', modified: 'local' }, ['id']);
        const states = [null, '', '0', 'D', 'X'];
        await world.insert(
          table,
          states.map((gone, i) => ({ id: i + 1, gone, modified: null })),
        );
        const deleted = async (soft: JsonObject, mode: 'all' | 'keys' = 'all') => {
          const wanted = query({ settings: { soft_delete: { column: 'gone', ...soft } } });
          const whole = await readWhole(connection, wanted, { mode });
          return mode === 'keys'
            ? fieldOf(whole.rows, 'id')
            : fieldOf(
                whole.rows.filter(({ _op }) => _op === 'delete'),
                'id',
              );
        };
        expect(await deleted({})).toEqual([4, 5]);
        expect(await deleted({ values: ['X'] })).toEqual([5]);
        expect(await deleted({ values: ['X'] }, 'keys')).toEqual([1, 2, 3, 4]);
      });

      test('of a named query and of a view are read like a table', async () => {
        await stock(12, (i) => local(Date.parse('2026-05-01T10:00:00Z') + i * 1_000));
        const sql = `SELECT id, note, modified FROM ${world.tableSetting(table)} WHERE id > 2 -- not the first`;
        const other = await open({ settings: { queries: { some: sql } } });
        const wanted = queryOf({ query: 'some' }, { cursor: 'modified' });
        expect(fieldOf((await readWhole(other, wanted, { pageRows: 3 })).rows, 'id')).toEqual(ids(10, 3));
        await world.run(
          `CREATE VIEW ${world.tableSetting(`v${table}`)} AS SELECT id, note, modified FROM ${world.tableSetting(table)} WHERE id > 2`,
        );
        const view = queryOf({ table: world.tableSetting(`v${table}`) }, { cursor: 'modified' });
        const seen = await readWhole(other, view, { pageRows: 3, cursor: '2026-05-01T10:00:00' });
        expect(fieldOf(seen.rows, 'id')).toEqual(ids(10, 3));
      });
    });

    describe('what is altered', () => {
      const drop = (column: string) => world.run(`ALTER TABLE ${world.tableSetting(table)} DROP COLUMN ${column}`);
      const begin = (wanted: Query) => () => connection.begin(wanted, 'changes', undefined, signal);

      test('so that a table, a needed column, the key or the cursor is gone parks it, and names it', async () => {
        await stock(1);
        const named = (wanted: Query) => failureOf(begin(wanted));
        const missing = await named(
          byModified({
            needed: [
              ['note', 'notes'],
              ['price', 'amount'],
            ],
          }),
        );
        expect(missing).toMatchObject({ code: 'MAPPING_ERROR', disposition: 'park' });
        expect(missing.message).toMatch(/price or amount.*id, note, modified/);
        expect(await named(byModified({ key: ['nr'] }))).toMatchObject({
          code: 'MAPPING_ERROR',
          message: expect.stringContaining('nr'),
        });
        expect(await named(query({ cursor: 'changed' }))).toMatchObject({
          code: 'MAPPING_ERROR',
          message: expect.stringContaining('changed'),
        });
        expect(await named(byModified({ key: ['ID'] }))).toMatchObject({
          message: expect.stringContaining('there is id'),
        });
        const nowhere = queryOf({ table: world.tableSetting('nowhere') });
        expect(await named(nowhere)).toMatchObject({
          code: 'MAPPING_ERROR',
          message: expect.stringContaining('nowhere'),
        });
      });

      test('between pages stops the read', async () => {
        await stock(10);
        const wanted = byModified({ needed: [['note']] });
        const error = await failureOf(() =>
          readWhole(connection, wanted, { pageRows: 3, between: async (page) => page === 1 && (await drop('note')) }),
        );
        expect(error).toMatchObject({
          code: 'MAPPING_ERROR',
          disposition: 'park',
          message: expect.stringContaining('note'),
        });
        const again = await failureOf(begin(wanted));
        expect(again).toMatchObject({ code: 'MAPPING_ERROR', message: expect.stringContaining('note') });
      });

      test('by a new column is told', async () => {
        await stock(1);
        await world.run(`ALTER TABLE ${world.tableSetting(table)} ADD added INT`);
        const whole = await readWhole(connection, byModified({ columns: ['id', 'note'] }));
        expect(whole.pages[0]?.columns).toEqual(['id', 'note', 'modified', 'added']);
      });
    });

    describe('care', () => {
      const othersAreGone = () =>
        until("the last test's connections are gone", async () => (await world.connections()) === 0);

      test('takes two connections at most, whatever is asked at the same time', async () => {
        await stock(10);
        const busy = await open({ concurrency: 8 });
        let most = 0;
        await othersAreGone();
        const watch = setInterval(() => void world.connections().then((count) => (most = Math.max(most, count))), 5);
        await Promise.all(ids(8).map(() => readWhole(busy, byModified(), { pageRows: 2 })));
        clearInterval(watch);
        expect(most).toBeLessThanOrEqual(2);
        expect(fieldOf((await readWhole(busy, byModified())).rows, 'id')).toEqual(ids(10));
      });

      test('ends its connections when it is closed', async () => {
        await stock(1);
        const other = await openWorld(world);
        await othersAreGone();
        await readWhole(other, byModified());
        expect(await world.connections()).toBe(1);
        await other.close();
        await until('the connection is gone', async () => (await world.connections()) === 0);
      });

      test('stops a statement at the server as well when it is aborted, and can be asked again', async () => {
        await stock(2);
        const other = await open({ settings: { queries: { slow: world.slowQuery } } });
        const wanted = queryOf({ query: 'slow' });
        const read: { mode: 'all'; state: JsonValue; isBackfill: false } = {
          mode: 'all',
          state: { reads: 'all' },
          isBackfill: false,
        };
        const controller = new AbortController();
        const pulling = other.pull(wanted, read, undefined, 10, controller.signal).then(
          () => 'answered',
          (error: unknown) => error,
        );
        await until('the statement runs', async () => (await world.running()) > 0);
        controller.abort(new Error('enough'));
        expect(await pulling).toEqual(new Error('enough'));
        await until('the statement ends', async () => (await world.running()) === 0);
        expect(fieldOf((await readWhole(other, byModified())).rows, 'id')).toEqual([1, 2]);
      });

      test('ends a page early whose rows are wide, so that memory is bounded by bytes too', async () => {
        if (!world.wideRow) return;
        const other = await open({ settings: { queries: { wide: world.wideRow } } });
        const whole = await readWhole(other, queryOf({ query: 'wide' }), { mode: 'all', pageRows: 100 });
        expect(fieldOf(whole.rows, 'id').map(Number)).toEqual(ids(60));
        expect(whole.pages.length).toBeGreaterThan(1);
        const sizes = whole.pages.map(({ rows }) => JSON.stringify(rows).length);
        expect(Math.max(...sizes)).toBeLessThan(40 * 1024 * 1024);

        // A key that comes twice, once on each side of where the page ends.
        const last = whole.pages[0]?.rows.length ?? 0;
        const twice = `SELECT CASE WHEN id = ${last + 1} THEN ${last} ELSE id END AS id, filler FROM (${world.wideRow}) AS w`;
        const twins = await open({ settings: { queries: { twice } } });
        const wanted = queryOf({ query: 'twice' });
        const error = await failureOf(() => readWhole(twins, wanted, { mode: 'all', pageRows: 100 }));
        expect(error).toMatchObject({ code: 'CONFIG_ERROR', message: expect.stringContaining('the same key') });
      });
    });

    describe('an error', () => {
      const pull =
        (over: Connection, wanted = byModified()) =>
        () =>
          readWhole(over, wanted);

      test('of a server that is not there is tried again', async () => {
        await stock(1);
        const other = await open({ secret: world.secrets.nobodyThere });
        expect(await failureOf(pull(other))).toMatchObject({ code: 'NETWORK_ERROR', disposition: 'retry' });
        const [finding] = await other.check([byModified()], signal);
        expect(finding).toMatchObject({ level: 'error', detail: expect.stringContaining('See that it is up') });
      });

      test('of a connection that is lost in between is tried again, and works then', async () => {
        await stock(10);
        const reading = readWhole(connection, byModified(), {
          pageRows: 3,
          between: async (page) => page === 1 && (await world.kill()),
        });
        // Drivers may notice in time, and take another connection.
        const isRead = await reading.then(
          () => true,
          () => false,
        );
        if (!isRead) {
          expect(await failureOf(() => reading)).toMatchObject({ code: 'NETWORK_ERROR', disposition: 'retry' });
        }
        expect(fieldOf((await readWhole(connection, byModified())).rows, 'id')).toEqual(ids(10));
      });

      test('of a lock that somebody holds is tried again', async () => {
        await stock(3);
        const other = await open({ settings: { lock_timeout_ms: 300 } });
        await readWhole(other, byModified());
        const release = await world.lock(table);
        try {
          expect(await failureOf(pull(other))).toMatchObject({ code: 'NETWORK_ERROR', disposition: 'retry' });
        } finally {
          await release();
        }
        expect(fieldOf((await readWhole(other, byModified())).rows, 'id')).toEqual(ids(3));
      });

      test('of a statement that takes too long is tried again, and the server has stopped it', async () => {
        const other = await open({ settings: { queries: { slow: world.slowQuery }, statement_timeout_ms: 400 } });
        expect(await failureOf(pull(other, queryOf({ query: 'slow' })))).toMatchObject({
          code: 'NETWORK_ERROR',
          disposition: 'retry',
        });
        await until('the statement ends', async () => (await world.running()) === 0);
      });

      test('of a privilege that was taken parks, and says what to grant', async () => {
        await stock(1);
        await readWhole(connection, byModified());
        await world.revoke(table);
        const error = await failureOf(pull(connection));
        expect(error).toMatchObject({ disposition: 'park', message: expect.stringMatching(/grant/i) });
        expect(['AUTH_FAILED', 'MAPPING_ERROR']).toContain(error.code);
      });

      test('of a server that does not prove who it is parks', async () => {
        if (world.untrusted === undefined) return;
        const { secret } = world.untrusted;
        const settings = { ...patient, ...world.untrusted.settings };
        const other = await world.connector.open(
          { dealerId: 'acme', sourceId: 'dms', zone: 'UTC', concurrency: 1, secret, settings },
          sqlTools(),
        );
        others.push(other);
        expect(await failureOf(pull(other, query()))).toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
      });

      test('holds no secret, whatever it was', () => {
        expect(said.length).toBeGreaterThan(20);
        const loud = said.filter((text) => world.secretTexts.some((secret) => text.includes(secret)));
        expect(loud).toEqual([]);
      });
    });

    describe('a check', () => {
      const detail = async (wanted: Query, name: string, over = connection) => {
        const findings = await over.check([wanted], signal);
        said.push(JSON.stringify(findings));
        return findingsOf(findings, name).map(({ level, detail }) => `${level}: ${detail}`);
      };

      test('of a table that is as it should be says so', async () => {
        await stock(3);
        const findings = await connection.check([byModified({ columns: ['id'] })], signal);
        const names = [
          'login',
          'TLS',
          'clock',
          'columns',
          'rows',
          'key',
          'cursor index',
          'version',
          'privileges',
          'isolation',
        ];
        expect(findings.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
        expect(findings.filter(({ level }) => level === 'error')).toEqual([]);
        expect(findingsOf(findings, 'key')).toEqual([expect.objectContaining({ level: 'ok', entity: 'part' })]);
        expect(findingsOf(findings, 'cursor index')).toEqual([expect.objectContaining({ level: 'ok' })]);
        expect(findingsOf(findings, 'privileges')).toEqual([expect.objectContaining({ level: 'ok' })]);
      });

      test('warns of a cursor without an index, rows without a cursor, a key that may repeat, a clock that is off', async () => {
        await world.create(table, { id: 'id', modified: 'local' });
        await world.insert(table, [
          { id: 1, modified: null },
          { id: 2, modified: '2099-01-01T00:00:00' },
        ]);
        expect(await detail(byModified(), 'cursor index')).toEqual([expect.stringMatching(/^warning: .*modified/)]);
        expect(await detail(byModified(), 'NULL cursors')).toEqual([expect.stringMatching(/^warning: 1 row/)]);
        expect(await detail(byModified(), 'key')).toEqual([expect.stringMatching(/^warning: .*id/)]);
        expect(await detail(byModified(), 'cursor time')).toEqual([expect.stringMatching(/^warning: .*2099/)]);
        const off = await open({ clock: () => Date.now() - 60_000 });
        expect(await detail(byModified(), 'clock', off)).toEqual([expect.stringMatching(/^warning: .*ahead of ours/)]);
      });

      test('finds what a read would stumble over, and goes on with the others', async () => {
        await stock(1);
        const findings = await connection.check([byModified({ key: ['nr'] }), byModified()], signal);
        expect(findings.filter(({ level }) => level === 'error')).toEqual([
          expect.objectContaining({ name: 'columns', detail: expect.stringContaining('nr') }),
        ]);
        expect(findingsOf(findings, 'key')).toHaveLength(1);
      });

      test('tells of a login that is refused', async () => {
        const other = await open({ secret: world.secrets.wrongPassword });
        expect(await detail(query(), 'login', other)).toEqual([expect.stringMatching(/^error: /)]);
      });
    });
  });
}
