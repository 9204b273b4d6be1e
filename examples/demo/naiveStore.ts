import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '../../shared/model/json.ts';
import type { RecordId } from '../../shared/model/recordId.ts';
import type { Drop } from '../adventure-works/drop.ts';
import type { Expectation } from './expectation.ts';

/** What came of an entity. */
type Said = Pick<Drop, 'entity' | 'kind' | 'records' | 'deletes' | 'isCut' | 'bad'>;

type Records = ReadonlyMap<RecordId, JsonObject>;

/** What files must make of a dealer's records, by the plainest means: a Map for each entity. */
export class NaiveStore {
  readonly #records = new Map<string, Records>();

  /** What must be held of an entity. */
  of(entity: string): Records {
    return this.#records.get(entity) ?? new Map();
  }

  /** Takes a file, or what a poll found; what must become of its rows. */
  take(drop: Said): Expectation {
    const before = this.of(drop.entity);
    const isNew = (id: RecordId) => !before.has(id);
    const isSame = (id: RecordId, data: JsonObject) => isDeepStrictEqual(before.get(id), data);
    const said = [...drop.records];
    const gone =
      drop.kind === 'full'
        ? [...before.keys()].filter((id) => !drop.records.has(id))
        : drop.deletes.filter((id) => before.has(id));
    const after = new Map([...before, ...said]);
    if (!drop.isCut) for (const id of gone) after.delete(id);
    this.#records.set(drop.entity, after);
    const inserted = said.filter(([id]) => isNew(id)).length;
    const unchanged = said.filter(([id, data]) => isSame(id, data)).length;
    return {
      inserted,
      updated: said.length - inserted - unchanged,
      unchanged,
      deleted: drop.isCut ? 0 : gone.length,
      waiting: drop.isCut ? gone.length : 0,
      rejected: drop.bad,
      held: after.size,
    };
  }
}

const shownDifferences = 3;

/** Where the store differs from what files say, in sentences; nothing where it doesn't. */
export function findDifferences(what: string, held: ReadonlyMap<string, unknown>, expected: Records): string[] {
  const problems: string[] = [];
  for (const [id, data] of expected) {
    if (!held.has(id)) problems.push(`${what}: ${id} is not in the store`);
    else if (!isDeepStrictEqual(held.get(id), data)) problems.push(`${what}: ${id} is otherwise than in the file`);
  }
  const wanted: ReadonlyMap<string, unknown> = expected;
  for (const id of held.keys()) if (!wanted.has(id)) problems.push(`${what}: ${id} is in the store and in no file`);
  if (problems.length <= shownDifferences) return problems;
  return [...problems.slice(0, shownDifferences), `${what}: … and ${problems.length - shownDifferences} more`];
}
