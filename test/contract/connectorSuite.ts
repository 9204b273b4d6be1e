import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Connection, PulledPage, Query, Read } from '../../shared/connectors/connector.ts';
import { AdpError } from '../../shared/errors.ts';
import type { JsonObject, JsonValue } from '../../shared/model/json.ts';
import { sourceFaults } from '../../shared/sources/faults.ts';
import { describeError } from '../../shared/telemetry/log.ts';
import type { ConnectorWorld, Trouble, Troubled } from '../helpers/connectorWorld.ts';
import { describeWith } from '../helpers/describeWith.ts';
import { until } from '../helpers/poll.ts';
import { sqlTools } from '../helpers/sqlTools.ts';

/** A connector, as it is enrolled. */
export interface ConnectorFixture {
  readonly name: string;
  /** Said loudly where there is no server; undefined where there is. */
  readonly skipped: string | undefined;
  start(): Promise<ConnectorWorld>;
}

const { signal } = new AbortController();
const hour = 3_600_000;
/** What of a read is kept between two pages. */
const maxKept = 16 * 1024;

/** What every connector must do, whatever it reads. */
export function connectorSuite({ name, skipped, start }: ConnectorFixture): void {
  describeWith(skipped, name, () => {
    let world: ConnectorWorld;
    /** All that was said, looked through for secrets at the end. */
    const said: string[] = [];

    beforeAll(async () => {
      world = await start();
    });
    afterAll(async () => {
      await world?.stop();
    });

    const kept = <T extends JsonValue | Read>(value: T): T => {
      const text = JSON.stringify(value);
      said.push(text);
      expect(text.length).toBeLessThanOrEqual(maxKept);
      return JSON.parse(text);
    };
    const withConnection = async <T>(work: (connection: Connection) => Promise<T>): Promise<T> => {
      const connection = await world.open();
      try {
        return await work(connection);
      } finally {
        await connection.close();
      }
    };
    const begin = (query: Query, cursor: string | undefined) =>
      withConnection(async (connection) => kept(await connection.begin(query, 'changes', cursor, signal)));

    /** A page by a connection of its own, as after the end of a process. */
    const pull = (query: Query, read: Read, place: JsonValue | undefined) =>
      withConnection(async (connection) => {
        const page = await connection.pull(query, read, place, world.pageRows, signal);
        said.push(JSON.stringify([page.cursor, page.notes]));
        return page;
      });

    interface Progress {
      readonly ids: Set<unknown>;
      cursor: string | undefined;
      read: Read;
      place: JsonValue | undefined;
    }
    const take = (progress: Progress, { rows, next, cursor }: PulledPage): boolean => {
      for (const row of rows) progress.ids.add('values' in row ? Number(row.values.id) : row.error);
      progress.cursor = cursor ?? progress.cursor;
      progress.place = next === undefined ? undefined : kept(next);
      return next !== undefined;
    };
    /** Pulls pages of which only every second one is kept, and stops after `most` that are. */
    const go = async (query: Query, progress: Progress, most = 1_000): Promise<void> => {
      for (let pages = 0; pages < most; pages++) {
        await pull(query, progress.read, progress.place);
        if (!take(progress, await pull(query, progress.read, progress.place))) return;
      }
      if (most >= 1_000) throw new Error('The read has no end.');
    };
    const newRead = async (query: Query, cursor?: string): Promise<Progress> => ({
      ids: new Set(),
      cursor,
      read: await begin(query, cursor),
      place: undefined,
    });
    /** What the next run makes of a read that was given up, as the poll does. */
    const resume = async (query: Query, progress: Progress): Promise<void> => {
      if (progress.read.isBackfill && progress.place !== undefined) return;
      progress.read = await begin(query, progress.cursor);
      progress.place = undefined;
    };
    const rowsAt = (count: number, at: (i: number) => number) =>
      Array.from({ length: count }, (_, i) => ({ id: i + 1, at: at(i) }));
    const idsOf = (count: number) => new Set(Array.from({ length: count }, (_, i) => i + 1));
    /** Whole seconds, long ago enough for every zone. */
    const past = Math.floor((Date.now() - 48 * hour) / 1_000) * 1_000;

    describe('settings', () => {
      const faults = (source: JsonObject) =>
        sourceFaults(source, { dealer: { name: 'Acme' }, pack: undefined }).map(({ field }) => field);

      test('are accepted as a whole, and refused where any that is required is left out', () => {
        expect(faults(world.source)).toEqual([]);
        for (const [path, told] of Object.entries(world.required)) {
          expect([path, faults(without(world.source, path.split('.')))]).toEqual([
            path,
            expect.arrayContaining([expect.stringMatching(new RegExp(`^${told}`))]),
          ]);
        }
      });

      test('that their schemas require are all among these', () => {
        const { source, entity } = world.connector.settings;
        const paths = [
          ...requiredIn(source).map((each) => `settings.${each}`),
          ...requiredIn(entity).map((each) => `entities.part.settings.${each}`),
        ];
        expect(Object.keys(world.required)).toEqual(expect.arrayContaining(paths));
        expect(paths).not.toEqual([]);
      });

      test('without a credential that is needed do not open', async () => {
        if (!world.connector.capabilities.needsCredential) return;
        const source = { dealerId: 'acme', sourceId: 'dms', settings: {}, zone: 'UTC', concurrency: 1 };
        const opening = world.connector.open({ ...source, secret: undefined }, sqlTools());
        await expect(opening).rejects.toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
      });
    });

    describe('a read', () => {
      test('of which half of the pages are never acknowledged loses nothing', async () => {
        const { query, touch } = await world.stock(rowsAt(30, (i) => past + i * 1_000));
        const first = await newRead(query());
        await go(query(), first);
        expect(first.ids).toEqual(idsOf(30));
        await touch([...idsOf(19)], past + hour);
        const changes = await newRead(query(0), first.cursor);
        await go(query(0), changes);
        expect(changes.ids).toEqual(new Set([...idsOf(19), 30]));
      });

      test.each([1, 3, 5])(
        'that is given up after %i acknowledged pages is made good by the next one',
        async (most) => {
          const { query, touch } = await world.stock(rowsAt(30, (i) => past + i * 1_000));
          const first = await newRead(query());
          await go(query(), first, most);
          expect(first.ids.size).toBeLessThan(30);
          await resume(query(), first);
          await go(query(), first);
          expect(first.ids).toEqual(idsOf(30));
          await touch([...idsOf(25)], past + hour);
          const changes = await newRead(query(0), first.cursor);
          await go(query(0), changes, most);
          await resume(query(0), changes);
          await go(query(0), changes);
          for (const id of idsOf(25)) expect(changes.ids).toContain(id);
        },
      );

      test('of equal cursor values across pages loses nothing, from the beginning or from that value on', async () => {
        const { query, touch } = await world.stock(rowsAt(30, (i) => (i < 3 ? past : past + 1_000)));
        const first = await newRead(query());
        await go(query(), first);
        expect(first.ids).toEqual(idsOf(30));
        const again = await newRead(query(0), first.cursor);
        await go(query(0), again);
        expect(again.ids.size).toBeGreaterThanOrEqual(27);
        await touch([1, 2, 3], past + 1_000);
        const late = await newRead(query(0), first.cursor);
        await go(query(0), late);
        expect(late.ids).toEqual(idsOf(30));
      });
    });

    describe('trouble', () => {
      const readOnce = async ({ connection, query }: Troubled, aborting: AbortSignal): Promise<unknown> => {
        try {
          const read = await connection.begin(query, 'changes', undefined, aborting);
          await connection.pull(query, read, undefined, world.pageRows, aborting);
        } catch (error) {
          return error;
        }
        return 'It worked.';
      };
      const failed = async (trouble: Trouble): Promise<unknown> => {
        const make = world.troubles[trouble];
        if (typeof make !== 'function') return make;
        const troubled = await make();
        try {
          const [error] = await Promise.all([readOnce(troubled, signal), troubled.during?.()]);
          listen(error);
          const findings =
            troubled.during === undefined ? await troubled.connection.check([troubled.query], signal) : [];
          said.push(JSON.stringify(findings));
          return error;
        } finally {
          await troubled.end();
        }
      };
      /** Everything that a log, a run or a status could show of it. */
      const listen = (error: unknown) => {
        said.push(describeError(error), String(error));
        for (let at = error; at instanceof Error; at = at.cause) {
          said.push(String(at.stack), at.message, ...Object.values(at).map((value) => JSON.stringify(value) ?? ''));
        }
      };
      const meaning = {
        refused: { code: 'AUTH_FAILED', disposition: 'park' },
        limited: { code: 'RATE_LIMITED', disposition: 'retry', retryAfterMs: 7_000 },
        failing: { code: 'NETWORK_ERROR', disposition: 'retry' },
        'cut short': { code: 'NETWORK_ERROR', disposition: 'retry' },
      } as const;

      test.each(['refused', 'limited', 'failing', 'cut short'] as const)('%s has its disposition', async (trouble) => {
        const error = await failed(trouble);
        if (error instanceof AdpError) expect(error).toMatchObject(meaning[trouble]);
        // Why there is none of the kind is written down; anything else is a fault of the connector.
        else expect(error).toEqual({ never: expect.stringMatching(/\S{4}/) });
      });

      test('that has passed is over: everything is read', async () => {
        await failed('failing');
        await failed('cut short');
        const { query } = await world.stock(rowsAt(9, (i) => past + i * 1_000));
        const after = await newRead(query());
        await go(query(), after);
        expect(after.ids).toEqual(idsOf(9));
      });

      test('silent, and aborted, throws the reason of that, and leaves the other side alone', async () => {
        const make = world.troubles.silent;
        if (typeof make !== 'function') throw new Error('Every system can be silent.');
        const troubled = await make();
        const controller = new AbortController();
        const reading = readOnce(troubled, controller.signal);
        await until('the other side is asked', async () => await troubled.isAsked?.());
        controller.abort(new Error('enough'));
        expect(await reading).toEqual(new Error('enough'));
        await until('the other side is left alone', async () => !(await troubled.isAsked?.()));
        await troubled.end();
      });

      test('of who was aborted before asks nothing', async () => {
        const { query } = await world.stock(rowsAt(1, () => past));
        const read = await begin(query(), undefined);
        await withConnection(async (connection) => {
          const pulling = connection.pull(query(), read, undefined, 4, AbortSignal.abort(new Error('enough')));
          await expect(pulling).rejects.toEqual(new Error('enough'));
        });
      });

      test('says no secret, nor does anything that is kept', () => {
        expect(said.length).toBeGreaterThan(50);
        expect(said.join('').length).toBeGreaterThan(1_000);
        expect(said.filter((text) => world.secretTexts.some((secret) => text.includes(secret)))).toEqual([]);
        expect(world.secretTexts.every((secret) => secret.length > 8)).toBe(true);
      });
    });
  });
}

function without(value: JsonObject, [first = '', ...rest]: readonly string[]): JsonObject {
  const { [first]: member, ...others } = value;
  if (member === undefined) throw new Error(`There is no ${first} that could be left out.`);
  if (rest.length === 0) return others;
  if (typeof member !== 'object' || member === null || Array.isArray(member)) throw new Error(`${first} is no object.`);
  return { ...others, [first]: without(member as JsonObject, rest) };
}

function requiredIn(schema: unknown): readonly string[] {
  const { required } = schema as { readonly required?: readonly string[] };
  return required ?? [];
}
