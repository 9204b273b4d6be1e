/** A row as its source's reader gives it. */
export type SourceRow = Readonly<Record<string, unknown>>;

/** The steps of `a.b[0].c`, or null where the text is no path (`Item No.`, `Price [EUR]`). */
export function stepsOf(path: string): readonly (string | number)[] | null {
  if (!/^[^.[\]]+(?:\[\d{1,4}\])*(?:\.[^.[\]]+(?:\[\d{1,4}\])*)*$/.test(path)) return null;
  return Array.from(path.matchAll(/\[(\d+)\]|[^.[\]]+/g), ([name, index]) =>
    index === undefined ? name : Number(index),
  );
}

/** Reads one value of a row; undefined where there is none. */
type Read = (row: SourceRow) => unknown;

export interface SourcePath {
  readonly read: Read;
  /** The row's own fields that it may read. */
  readonly roots: readonly string[];
  /** The column that it is, where that may be read as `row[column]`: no object inherits anything of that name. */
  readonly column?: string;
}

/**
 * A source path as a function. A field whose whole name is the path's text (a column `a.b`) wins over the path. Only own
 * members are seen: a column named `constructor` is a column, and nothing else is.
 */
export function compilePath(path: string): SourcePath {
  const readField = fieldReader(path);
  const steps = stepsOf(path);
  if (steps === null || steps.length === 1) {
    return { read: readField, roots: [path], ...(path in Object.prototype ? {} : { column: path }) };
  }
  const root = String(steps[0]);
  const readRoot = fieldReader(root);
  const rest = steps.slice(1);
  return {
    read: (row) => (Object.hasOwn(row, path) ? readField(row) : rest.reduce<unknown>(member, readRoot(row))),
    roots: [root, path],
  };
}

/** Reads one own field of a row. */
function fieldReader(name: string): Read {
  if (name in Object.prototype) return (row) => (Object.hasOwn(row, name) ? row[name] : undefined);
  return (row) => row[name];
}

function member(value: unknown, step: string | number): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  // XML can't tell a list of one from a single element.
  if (step === 0 && !Array.isArray(value)) return value;
  return Object.getOwnPropertyDescriptor(value, step)?.value;
}
