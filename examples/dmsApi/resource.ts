/** A row of the API: flat or nested, as JSON. */
export type ApiRow = Readonly<Record<string, unknown>>;

/** What is set up: rows and the field that tells them apart. */
export interface ResourceOptions {
  readonly key: string;
  readonly rows: readonly ApiRow[];
}

/** One kind of thing that the API hands out, in the order of its key. */
export interface Resource {
  readonly rows: readonly ApiRow[];
  /** Adds a row or replaces the one of that key; `updated_at` is now unless it says otherwise. */
  put(row: ApiRow): void;
  /** It is gone; only the change feed still knows of it. */
  remove(key: string): void;
  /** What has changed after that number, oldest first; each key once, as it is now. */
  changesAfter(sequence: number): readonly { readonly sequence: number; readonly row: ApiRow }[];
}

export function createResource({ key, rows }: ResourceOptions, clock: () => number): Resource {
  const byKey = new Map<string, ApiRow>();
  const changes = new Map<string, { readonly sequence: number; readonly row: ApiRow }>();
  let sequence = 0;
  let sorted: readonly ApiRow[] | undefined;
  const note = (id: string, row: ApiRow) => {
    sorted = undefined;
    changes.delete(id);
    sequence++;
    changes.set(id, { sequence, row });
  };
  const put = (row: ApiRow) => {
    const whole = { updated_at: new Date(clock()).toISOString(), ...row };
    const id = String(row[key]);
    byKey.set(id, whole);
    note(id, whole);
  };
  for (const row of rows) put(row);
  return {
    get rows() {
      sorted ??= [...byKey.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
      return sorted;
    },
    put,
    remove(id) {
      if (byKey.delete(id)) note(id, { [key]: id, deleted: true });
    },
    changesAfter: (after) => [...changes.values()].filter((change) => change.sequence > after),
  };
}
