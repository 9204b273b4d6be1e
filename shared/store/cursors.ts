import { AdpError } from '../errors.ts';
import { type CursorStore, type PollPlace, readModes, type StoredPollState } from '../sync/poll/cursorStore.ts';
import { emptyState, type PollState } from '../sync/poll/pollState.ts';
import { type OpenTable, packText, unlessChanged, unpackText } from './tables.ts';

const cell = 'state';
const maxAttempts = 50;

/** In the table `cursors`: a partition a dealer, a row an entity of a source and what it is read for. */
export function cursorsIn(openTable: OpenTable): CursorStore {
  const table = openTable('cursors');

  const get = async (place: PollPlace): Promise<StoredPollState> => {
    const row = await table.get(place.dealerId, keyOf(place));
    const text = row && unpackText(cell, row.cells);
    if (row === undefined || text === undefined) return { state: emptyState, etag: row?.etag };
    // The text was written by this program.
    const state: PollState = JSON.parse(text);
    return { state: { ...emptyState, ...state }, etag: row.etag };
  };

  const save: CursorStore['save'] = async (place, before, state) => {
    const { dealerId } = place;
    const key = keyOf(place);
    const cells = packText(cell, JSON.stringify(state));
    const etag =
      before.etag === undefined
        ? await table.insert(dealerId, key, cells)
        : await table.replace({ partition: dealerId, key, etag: before.etag }, cells);
    return { state, etag };
  };

  const reset = async (place: PollPlace): Promise<void> => {
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const stored = await get(place);
      if (stored.etag === undefined) return;
      const { attempts, hasHadRows } = stored.state;
      if (await unlessChanged(() => save(place, stored, { ...emptyState, attempts, hasHadRows }))) return;
    }
    throw new AdpError('NETWORK_ERROR', `${place.entity} of ${place.sourceId} is being read; reset it again.`);
  };

  return {
    get,
    save,
    async reset(place) {
      for (const mode of readModes) await reset({ ...place, mode });
    },
  };
}

function keyOf({ sourceId, entity, mode }: PollPlace): string {
  return `poll:${sourceId}:${entity}:${mode}`;
}
