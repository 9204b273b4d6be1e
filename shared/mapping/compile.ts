import { AdpError } from '../errors.ts';
import { type EntityName, entities } from '../model/entities.ts';
import { type FieldError, maxErrorsPerRow } from '../model/fieldError.ts';
import { type Instant, isUtcTime } from '../model/instant.ts';
import { type JsonObject, type JsonValue, setOwn } from '../model/json.ts';
import { type RecordId, recordIdOf } from '../model/recordId.ts';
import { shapeOf } from '../model/shape.ts';
import { checkOf, type Validator, validatorOf } from '../model/validate.ts';
import { isJsonObject } from './coerce.ts';
import { keep, shortName } from './keep.ts';
import { type SourceRow, stepsOf } from './path.ts';
import { Problems } from './problems.ts';
import { compileRule, type Fault, type Rule } from './rule.ts';
import { isAbsent } from './scalar.ts';
import type { EntityMapping, FieldMapping } from './schema.ts';
import { compileTargets, type Target } from './target.ts';
import { toInstantIn } from './time.ts';
import { isTimeZone, lastOccurrences, setBackAfter, type TimeZone, timeZone, utcZone } from './zone.ts';

export interface MapperOptions {
  readonly entity: EntityName;
  /** Absent: rows are canonical already, and an unknown field rejects a row. */
  readonly mapping?: EntityMapping | undefined;
  /** Keep what no field of the mapping reads in `extensions`. */
  readonly keepUnmapped: boolean;
  /** Where the row's own modification time stands: a source field's name, or a rule. */
  readonly modified?: FieldMapping | undefined;
  /** IANA zone of times that have no offset. */
  readonly zone: string;
}

export type MapResult =
  | {
      readonly ok: true;
      readonly id: RecordId;
      /** Canonical data; for `remove` the key fields alone. */
      readonly data: JsonObject;
      /** Null where the row has no modification time of its own. */
      readonly modified: Instant | null;
      /** The other one that it may be, an hour later: a local time of the hour that comes twice in autumn. */
      readonly modifiedAgain?: Instant;
    }
  | {
      readonly ok: false;
      /** Null where the key can't be read. */
      readonly id: RecordId | null;
      /** At most 20. */
      readonly errors: readonly FieldError[];
    };

/** A source's mapping of one entity as a pure function. */
export interface Mapper {
  /** A row as a whole record. */
  upsert(row: SourceRow): MapResult;
  /** A row that deletes: only the key and the modification time are read. */
  remove(row: SourceRow): MapResult;
  /** The row's own fields that it reads, apart from those that `keepUnmapped` keeps. */
  readonly columns: readonly string[];
  /** Those of them that the key fields read. */
  readonly keyColumns: readonly string[];
  /**
   * True where rows whose `keyColumns` differ in their text have different ids, always: each key field is a column as it
   * stands, or a constant. A transform, a choice or a date may make one id of two texts.
   */
  readonly isKeyVerbatim: boolean;
}

/** A row's metadata, no data: `"_op": "delete"`. */
const operationField = '_op';

/**
 * Compiles a mapping once, for many rows: map, bring to the schema's types, validate, take key defaults, make the id.
 * @throws AdpError CONFIG_ERROR (park) that lists every path that is wrong
 */
export function compileMapper(options: MapperOptions): Mapper {
  const { entity, mapping, keepUnmapped } = options;
  const { schema, key } = entities[entity];
  const faults: string[] = [];
  const fault: Fault = (place, text) => faults.push(`${place}: ${text}`);
  if (!isTimeZone(options.zone)) fault('time_zone', `there is no time zone "${options.zone}"; take an IANA name`);
  const zone = timeZone(isTimeZone(options.zone) ? options.zone : 'UTC');

  const keySet = new Set(key);
  const targets = compileTargets(mapping ?? identityOf(schema.properties), {
    schema: schema.properties,
    key: keySet,
    zone,
    fault,
    place: '',
  });
  const fields = withKeyDefaults(targets, entity, fault);
  const modified = options.modified === undefined ? null : compileRule(options.modified, zone, 'modified', fault);
  if (faults.length > 0) {
    throw new AdpError('CONFIG_ERROR', `The mapping of ${entity} can't be used. ${faults.join('. ')}.`);
  }

  const columns = new Set([...fields.flatMap((field) => field.roots), ...(modified?.roots ?? [])]);
  const finish = finisher(entity, key, modified, modifiedName(options.modified), zone);
  const unread = unreadBut(columns);
  const rest = keepUnmapped ? keepRest(unread) : mapping === undefined ? refuseRest(unread) : null;
  const keyFields = fields.filter((field) => keySet.has(field.name));
  let unused = new Problems();
  /** One for each row that has some; good rows leave it as it was. */
  const problemsOfRow = (): Problems => {
    if (unused.count > 0) unused = new Problems();
    return unused;
  };
  return {
    columns: [...columns],
    keyColumns: [...new Set(keyFields.flatMap((field) => field.roots))],
    isKeyVerbatim: key.every((name) => schema.properties[name]?.format === undefined && isVerbatim(mapping?.[name])),
    upsert(row) {
      const problems = problemsOfRow();
      const data: Record<string, JsonValue> = {};
      fill(data, fields, row, problems);
      rest?.(row, data, problems);
      return finish(row, data, problems);
    },
    remove(row) {
      const problems = problemsOfRow();
      const data: Record<string, JsonValue> = {};
      fill(data, keyFields, row, problems);
      return finish(row, data, problems);
    },
  };
}

/** Undefined: the key field's default, or in canonical rows the field itself. */
function isVerbatim(rule: FieldMapping | undefined): boolean {
  if (rule === undefined) return true;
  const { from, const: constant, transform = [], ...rest } = typeof rule === 'string' ? { from: rule } : rule;
  if (transform.length > 0 || Object.keys(rest).length > 0) return false;
  return constant !== undefined || (typeof from === 'string' && (stepsOf(from)?.length ?? 1) === 1);
}

interface Field extends Target {
  /** Of key fields that have one. */
  readonly fallback: string | undefined;
}

function identityOf(properties: Readonly<Record<string, unknown>>): EntityMapping {
  return Object.fromEntries(Object.keys(properties).map((name) => [name, name]));
}

function withKeyDefaults(targets: readonly Target[], entity: EntityName, fault: Fault): readonly Field[] {
  const { schema, key } = entities[entity];
  const missing = key.filter((name) => !targets.some((target) => target.name === name));
  for (const name of missing) {
    if (schema.properties[name]?.default === undefined) fault(name, 'is a key field and must be mapped');
  }
  return [...targets, ...missing.map((name): Target => ({ name, build: () => undefined, roots: [] }))]
    .map((target) => ({ ...target, fallback: schema.properties[target.name]?.default }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function fill(data: Record<string, JsonValue>, fields: readonly Field[], row: SourceRow, problems: Problems): void {
  for (const { name, build, fallback } of fields) {
    const count = problems.count;
    const from = problems.errors.length;
    const value = build(row, problems);
    if (problems.errors.length > from) problems.within(from, name);
    if (value !== undefined) data[name] = value;
    else if (fallback !== undefined && problems.count === count) data[name] = fallback;
  }
}

type Rest = (row: SourceRow, data: Record<string, JsonValue>, problems: Problems) => void;

function refuseRest(unreadOf: Unread): Rest {
  return (row, _data, problems) => {
    for (const name of unreadOf(row)) {
      const from = problems.errors.length;
      problems.data('is not a known field');
      problems.within(from, shortName(name));
    }
  };
}

function keepRest(unreadOf: Unread): Rest {
  return (row, data, problems) => {
    let kept: Record<string, JsonValue> | undefined;
    for (const name of unreadOf(row)) {
      const value = row[name];
      if (isAbsent(value)) continue;
      kept ??= isJsonObject(data.extensions) ? { ...data.extensions } : {};
      if (Object.hasOwn(kept, name)) continue;
      const from = problems.errors.length;
      const one = name.isWellFormed()
        ? keep(value, problems)
        : problems.data('has a name that is not well-formed Unicode');
      if (problems.errors.length > from) problems.within(from, `extensions.${shortName(name)}`);
      if (one !== undefined) setOwn(kept, name, one);
    }
    if (kept !== undefined) data.extensions = kept;
  };
}

/** The columns of a row that no field reads, in the row's order. */
type Unread = (row: SourceRow) => readonly string[];

/** Sought anew only where a row has other columns than the one before it. */
function unreadBut(read: ReadonlySet<string>): Unread {
  let columns: readonly string[] = [];
  let unread: readonly string[] = [];
  const areColumnsOf = (row: SourceRow): boolean => {
    let count = 0;
    for (const name in row) if (name !== columns[count++]) return false;
    return count === columns.length;
  };
  return (row) => {
    if (!areColumnsOf(row)) {
      columns = Object.keys(row);
      unread = columns.filter((name) => !read.has(name) && name !== operationField);
    }
    return unread;
  };
}

function modifiedName(modified: FieldMapping | undefined): string {
  if (typeof modified === 'string') return modified;
  return typeof modified?.from === 'string' ? modified.from : 'modified';
}

type Finish = (row: SourceRow, data: JsonObject, problems: Problems) => MapResult;

function finisher(
  entity: EntityName,
  key: readonly string[],
  modifiedRule: Rule | null,
  modifiedField: string,
  zone: TimeZone,
): Finish {
  const validate = validatorOf(entity);
  const isValid = checkOf(entity);
  const read = modifiedRule === null ? () => unmodified : modifiedReader(modifiedRule, modifiedField, zone);
  return (row, data, problems) => {
    const modified = read(row, problems);
    // Coercion has seen to types and formats; who is refused is told all that is wrong.
    if (problems.count > 0 || !isValid(data)) return refused(entity, key, data, problems, validate(data));
    const id = recordIdOf(entity, data);
    return modified.modifiedAgain === undefined
      ? { ok: true, id, data, modified: modified.modified }
      : { ok: true, id, data, ...modified };
  };
}

interface Modified {
  readonly modified: Instant | null;
  readonly modifiedAgain?: Instant;
}

const unmodified: Modified = { modified: null };

function modifiedReader(rule: Rule, field: string, zone: TimeZone): (row: SourceRow, problems: Problems) => Modified {
  const late = lastOccurrences(zone);
  return (row, problems) => {
    const from = problems.errors.length;
    const value = rule.get(row, problems);
    const modified = isAbsent(value) ? null : toInstantIn(zone, value);
    if (modified === null && !isAbsent(value)) problems.data(`must be a time, got ${shapeOf(value)}`);
    if (problems.errors.length > from) problems.within(from, field);
    // All but a day of a year's times come once, and those in UTC always.
    if (
      modified === null ||
      zone === utcZone ||
      (typeof value === 'string' && isUtcTime(value)) ||
      setBackAfter(zone, Date.parse(modified)) <= 0
    )
      return { modified };
    const again = toInstantIn(late, value);
    return again === null || again === modified ? { modified } : { modified, modifiedAgain: again };
  };
}

function refused(
  entity: EntityName,
  key: readonly string[],
  data: JsonObject,
  problems: Problems,
  invalid: ReturnType<Validator>,
): MapResult {
  // A field that was refused on its way is missing in the data: once is enough.
  const known = new Set(problems.errors.map((error) => error.field));
  const errors = [...problems.errors, ...invalid.filter((error) => !known.has(error.field))];
  const readable = key.every((name) => data[name] !== undefined && !errors.some((error) => error.field === name));
  return { ok: false, id: readable ? recordIdOf(entity, data) : null, errors: errors.slice(0, maxErrorsPerRow) };
}
