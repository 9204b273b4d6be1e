import { AdpError } from '../../shared/errors.ts';
import type { Cell, OpenTable, Row, Table } from '../../shared/store/tables.ts';

/** Tables in memory, with the ETags, conflicts and order of the real ones. */
export interface MemoryTables {
  readonly open: OpenTable;
  /** How often a method of a table was called, as in `keys.get`. */
  count(call: string): number;
  /** Every text that any table holds. */
  texts(): string[];
  /** From now on calls of that kind fail as when storage doesn't answer; `undefined` ends it. */
  fail(call: string | undefined): void;
  /** The next insert or replace of that kind is done, but its answer is lost: the SDK asks again, and meets what it wrote. */
  loseAnswer(call: string): void;
}

export function memoryTables(): MemoryTables {
  const tables = new Map<string, { readonly table: Table; readonly rows: Map<string, Row> }>();
  const counts = new Map<string, number>();
  let failing: string | undefined;
  let losing: string | undefined;
  let etags = 0;

  const called = async (name: string, method: string) => {
    const call = `${name}.${method}`;
    counts.set(call, (counts.get(call) ?? 0) + 1);
    // A turn of the event loop, so that callers interleave as they do over a network.
    await new Promise((resolve) => setImmediate(resolve));
    if (failing === call) throw new AdpError('NETWORK_ERROR', 'Table storage does not answer.');
  };
  const conflict = () => new AdpError('CONFLICT', 'Another writer was there first.');

  const make = (name: string) => {
    const rows = new Map<string, Row>();
    const idOf = (partition: string, key: string) => JSON.stringify([partition, key]);
    const answer = (method: string, etag: string): string => {
      if (losing !== `${name}.${method}`) return etag;
      losing = undefined;
      throw conflict();
    };
    const put = (partition: string, key: string, cells: Readonly<Record<string, Cell>>): string => {
      etags++;
      const etag = `W/"${etags}"`;
      rows.set(idOf(partition, key), { partition, key, etag, cells: { ...cells } });
      return etag;
    };
    const table: Table = {
      async get(partition, key) {
        await called(name, 'get');
        return rows.get(idOf(partition, key));
      },
      async list(partition, { from, to, limit = 1_000, continuation } = {}) {
        await called(name, 'list');
        const start = continuation ?? from ?? '';
        const found = [...rows.values()]
          .filter((row) => row.partition === partition && row.key >= start && (to === undefined || row.key < to))
          .sort((a, b) => (a.key < b.key ? -1 : 1));
        const next = found[limit]?.key;
        return { rows: found.slice(0, limit), ...(next === undefined ? {} : { continuation: next }) };
      },
      async *rows(partition, options = {}) {
        let continuation: string | undefined;
        do {
          const page = await table.list(partition, {
            ...options,
            limit: 2,
            ...(continuation === undefined ? {} : { continuation }),
          });
          yield* page.rows;
          continuation = page.continuation;
        } while (continuation !== undefined);
      },
      async insert(partition, key, cells) {
        await called(name, 'insert');
        if (rows.has(idOf(partition, key))) throw conflict();
        return answer('insert', put(partition, key, cells));
      },
      async upsert(partition, key, cells) {
        await called(name, 'upsert');
        return put(partition, key, cells);
      },
      async replace({ partition, key, etag }, cells) {
        await called(name, 'replace');
        if (rows.get(idOf(partition, key))?.etag !== etag) throw conflict();
        return answer('replace', put(partition, key, cells));
      },
      async remove(partition, key, etag) {
        await called(name, 'remove');
        const row = rows.get(idOf(partition, key));
        if (row !== undefined && etag !== undefined && row.etag !== etag) throw conflict();
        rows.delete(idOf(partition, key));
      },
    };
    return { table, rows };
  };

  return {
    open(name) {
      const known = tables.get(name) ?? make(name);
      tables.set(name, known);
      return known.table;
    },
    count: (call) => counts.get(call) ?? 0,
    texts: () =>
      [...tables.values()].flatMap(({ rows }) =>
        [...rows.values()].flatMap(({ partition, key, cells }) => [
          partition,
          key,
          ...Object.values(cells).map(String),
        ]),
      ),
    fail(call) {
      failing = call;
    },
    loseAnswer(call) {
      losing = call;
    },
  };
}
