import type { Mapper, MapResult } from '../../shared/mapping/compile.ts';
import type { SourceRow } from '../../shared/mapping/path.ts';
import type { RecordId } from '../../shared/model/recordId.ts';
import { toRowText } from '../../shared/sync/diff/rowText.ts';

/** Takes rows as they are: a mapper for files that are compared by columns of theirs, whatever these mean. */
export function keyMapper(key: readonly string[]): Mapper {
  function take(row: SourceRow): MapResult {
    const values = key.map((column) => (Object.hasOwn(row, column) ? row[column] : undefined));
    const missing = key.filter((_, place) => values[place] === undefined || values[place] === null);
    if (missing.length > 0) {
      const errors = missing.map((field) => ({ field, code: 'DATA_ERROR' as const, detail: 'is missing' }));
      return { ok: false, id: null, errors };
    }
    // Of one column as it is written; of several as JSON, so that no two keys have one text.
    const texts = values.map((value) => (typeof value === 'string' ? value : toRowText(value)));
    const id = (texts.length === 1 ? texts[0] : JSON.stringify(texts)) ?? '';
    return { ok: true, id: id as RecordId, data: {}, modified: null };
  }
  return { upsert: take, remove: take, columns: [], keyColumns: key, isKeyVerbatim: true };
}
