import { AdpError } from '../../errors.ts';
import { isJsonObject, type JsonValue } from '../../model/json.ts';

/** `Read.state` of a database: the bounds, as they were fixed at the beginning. */
export type State =
  | {
      readonly reads: 'changes';
      /** Where rows are read from; undefined: all that have a cursor. */
      readonly lower: string | undefined;
      /** The cursor that was reached before. */
      readonly reached: string;
      /** The database's clock, as the cursor's column would hold it. */
      readonly clock: string | undefined;
      readonly clockAhead: number | undefined;
    }
  /** Everything by key; `mark` is the cursor once all is read. */
  | { readonly reads: 'backfill'; readonly mark: string | undefined }
  | { readonly reads: 'all' }
  | { readonly reads: 'own'; readonly own: JsonValue };

/** `PulledPage.next` of a database. */
export interface Place {
  /** The last row's order; undefined at the beginning. */
  readonly after: readonly string[] | undefined;
  /** Only rows without a key are left. */
  readonly isUnkeyed: boolean;
  /** Rows so far whose cursor is NULL. */
  readonly nulls: number;
  /** Rows that a page may have, where rows are so wide that the usual number took too much memory. */
  readonly maxRows: number | undefined;
}

export const atStart: Place = { after: undefined, isUnkeyed: false, nulls: 0, maxRows: undefined };

export function fromState(state: State): JsonValue {
  return withoutUndefined(state);
}

export function fromPlace(place: Place): JsonValue {
  return withoutUndefined(place);
}

/** @throws AdpError INTERNAL for what `fromState` didn't write */
export function toState(json: JsonValue): State {
  const { reads, lower, reached, clock, clockAhead, mark, own } = fieldsOf(json);
  switch (reads) {
    case 'changes':
      return {
        reads,
        lower: text(lower),
        reached: text(reached) ?? '',
        clock: text(clock),
        clockAhead: number(clockAhead),
      };
    case 'backfill':
      return { reads, mark: text(mark) };
    case 'all':
      return { reads };
    case 'own':
      return { reads, own: own ?? null };
    default:
      throw new AdpError('INTERNAL', 'A read was begun by something else than a database connector.');
  }
}

/** @throws AdpError INTERNAL for what `fromPlace` didn't write */
export function toPlace(json: JsonValue | undefined): Place {
  if (json === undefined) return atStart;
  const { after, isUnkeyed, nulls, maxRows } = fieldsOf(json);
  return {
    after: Array.isArray(after) ? after.map((value) => String(value)) : undefined,
    isUnkeyed: isUnkeyed === true,
    nulls: number(nulls) ?? 0,
    maxRows: number(maxRows),
  };
}

function withoutUndefined(value: object): JsonValue {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined));
}

function fieldsOf(json: JsonValue): Readonly<Record<string, JsonValue | undefined>> {
  if (isJsonObject(json)) return json;
  throw new AdpError('INTERNAL', 'A place or state of a database read is no object.');
}

function text(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function number(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
