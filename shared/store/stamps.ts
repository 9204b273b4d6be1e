import { AdpError, isConflict } from '../errors.ts';
import type { EntityName } from '../model/entities.ts';
import { type Instant, nextInstant } from '../model/instant.ts';
import type { StampSource } from '../sync/stampSource.ts';
import type { OpenTable, Row } from './tables.ts';

/** The stamps' store. */
export type Stamps = StampSource;

/** The stamps' row of a dealer's entity in the table `cursors`: `epoch`, and the last `captured` of each source. */
export function stampsIn(openTable: OpenTable): Stamps {
  const table = openTable('cursors');
  const seen = new Map<string, Row>();
  const turns = new Map<string, Promise<unknown>>();

  /** Changes the row under its ETag. What this instance wrote last is tried first: a stale ETag only costs another read. */
  const change = async (dealerId: string, entity: EntityName, edit: (state: State) => State): Promise<State> => {
    const key = `entity:${entity}`;
    const id = `${dealerId}/${entity}`;
    for (let attempt = 0; attempt < 50; attempt++) {
      const row = seen.get(id) ?? (await table.get(dealerId, key));
      const state = edit(toState(row));
      const cells = { epoch: state.epoch, captured: JSON.stringify(state.captured) };
      try {
        const etag = row === undefined ? await table.insert(dealerId, key, cells) : await table.replace(row, cells);
        seen.set(id, { partition: dealerId, key, etag, cells });
        return state;
      } catch (error) {
        seen.delete(id);
        if (!isConflict(error)) throw error;
      }
    }
    throw new AdpError('NETWORK_ERROR', `Too many writers at once start runs of ${entity}; try again.`);
  };

  /** One at a time within this instance: a race for the ETag would only cost retries. */
  const inTurn = <T>(id: string, work: () => Promise<T>): Promise<T> => {
    const before = turns.get(id) ?? Promise.resolve();
    const mine = before.then(work, work);
    turns.set(id, mine);
    const done = () => {
      if (turns.get(id) === mine) turns.delete(id);
    };
    mine.then(done, done);
    return mine;
  };

  return {
    next: (dealerId, entity, sourceId, at) =>
      inTurn(`${dealerId}/${entity}`, async () => {
        const source = sourceId ?? '';
        const state = await change(dealerId, entity, ({ epoch, captured }) => {
          const last = captured[source];
          const mine = last === undefined || last < at ? at : nextInstant(last);
          return { epoch, captured: { ...captured, [source]: mine } };
        });
        return { epoch: state.epoch, captured: state.captured[source] ?? at };
      }),
    async epochOf(dealerId, entity) {
      return toState(await table.get(dealerId, `entity:${entity}`)).epoch;
    },
    raiseEpoch: (dealerId, entity) =>
      inTurn(`${dealerId}/${entity}`, async () => {
        await change(dealerId, entity, ({ epoch, captured }) => ({ epoch: epoch + 1, captured }));
      }),
  };
}

interface State {
  readonly epoch: number;
  readonly captured: Readonly<Record<string, Instant>>;
}

function toState(row: Row | undefined): State {
  if (row === undefined) return { epoch: 0, captured: {} };
  return { epoch: Number(row.cells.epoch), captured: JSON.parse(String(row.cells.captured)) };
}
