import type { RecordDocument } from '../../shared/model/record.ts';
import type { HeldRecord, RecordStore, RecordWrite, WriteResult } from '../../shared/sync/applyChanges.ts';

/** A record store in memory with real ETags. `fault` may answer for a write instead, before or after it is done. */
export interface MemoryRecords extends RecordStore {
  readonly documents: Map<string, RecordDocument & { readonly etag: string }>;
  fault: (write: RecordWrite) => { readonly result: WriteResult; readonly done: boolean } | undefined;
  failReads: number;
}

export function memoryRecords(error: () => Error = () => new Error('no reads')): MemoryRecords {
  const documents: MemoryRecords['documents'] = new Map();
  let etags = 0;

  const apply = (write: RecordWrite): WriteResult => {
    const id = write.kind === 'write' ? write.record.id : write.id;
    const held = documents.get(id);
    if (held?.etag !== write.etag) return { kind: 'conflict' };
    const etag = `"${++etags}"`;
    if (write.kind === 'write') documents.set(id, { ...write.record, etag });
    else if (held !== undefined) documents.set(id, { ...held, ...write.set, etag });
    return { kind: 'done' };
  };

  const store: MemoryRecords = {
    documents,
    fault: () => undefined,
    failReads: 0,
    async held(_dealer, _entity, ids) {
      await Promise.resolve();
      if (store.failReads > 0) {
        store.failReads--;
        throw error();
      }
      const found = new Map<string, HeldRecord>();
      for (const id of ids) {
        const document = documents.get(id);
        if (document !== undefined) found.set(id, document);
      }
      return found;
    },
    async write(_dealer, _entity, writes) {
      await Promise.resolve();
      return writes.map((write) => {
        const fault = store.fault(write);
        if (fault === undefined) return apply(write);
        if (fault.done) apply(write);
        return fault.result;
      });
    },
  };
  return store;
}
