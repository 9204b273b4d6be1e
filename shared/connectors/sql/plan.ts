import { AdpError } from '../../errors.ts';
import type { Query, ReadMode } from '../connector.ts';
import type { Column, Dialect, Relation } from './dialect.ts';
import type { Session } from './session.ts';
import type { EntitySettings } from './settings.ts';

/** What a read of one entity needs: what the settings name, as the catalogue has it. Made anew for each call. */
export interface Plan {
  readonly dialect: Dialect;
  readonly session: Session;
  readonly query: Query;
  readonly settings: EntitySettings;
  readonly relation: Relation;
  /** What rows are made of, in the catalogue's order. */
  readonly columns: readonly Column[];
  /** The key that pages go by, in the order of the settings. */
  readonly key: readonly Column[];
  /** True where the database itself enforces that no two rows have that key. */
  readonly isKeyUnique: boolean;
  /** Where the cursor stands; undefined for reads and kinds that have none. */
  readonly cursor: Column | undefined;
}

type Parts = Pick<Plan, 'dialect' | 'session' | 'query' | 'settings' | 'relation'>;

/**
 * Finds what is configured in what the catalogue says.
 * @throws AdpError MAPPING_ERROR (park) for a column that is not there, with its name and what the relation has;
 * CONFIG_ERROR (park) for a column that can't be what it is configured as
 */
export function makePlan(parts: Parts, mode: ReadMode): Plan {
  const { query, settings, relation, dialect } = parts;
  const find = (name: string, what: string): Column => {
    const column = relation.columns.find((candidate) => candidate.name === name);
    if (column === undefined) throw missing([name], what, relation);
    return column;
  };
  const key = settings.key.map((name) => comparable(find(name, 'the key'), 'a key', relation));
  const cursor = mode === 'changes' ? cursorOf(query, find, dialect, relation) : undefined;
  const deletion = settings.softDelete === undefined ? [] : [find(settings.softDelete.column, 'soft_delete')];
  const there = new Set(relation.columns.map(({ name }) => name));
  for (const alternatives of mode === 'keys' ? [] : query.needed) {
    if (!alternatives.some((name) => there.has(name))) throw missing(alternatives, 'the mapping', relation);
  }
  const own = settings.columns?.map((name) => find(name, 'settings.columns').name);
  const wanted =
    mode === 'keys' ? query.keyColumns.map((name) => find(name, 'the mapping of the key').name) : query.columns;
  const named = own === undefined ? wanted : (wanted ?? own).filter((name) => own.includes(name));
  const lost =
    own &&
    [...query.needed, ...query.keyColumns.map((name) => [name])].find(
      (alternatives) => !alternatives.some((name) => own.includes(name)),
    );
  if (lost !== undefined) {
    throw new AdpError(
      'CONFIG_ERROR',
      `The mapping reads ${lost.join(' or ')}, which settings.columns leaves out: add it there.`,
    );
  }
  const names = named && new Set([...named, ...deletion.map(({ name }) => name)]);
  return {
    ...parts,
    columns: relation.columns.filter(({ name }) => names === undefined || names.has(name)),
    key,
    isKeyUnique: relation.uniqueKeys.some((unique) => unique.every((name) => settings.key.includes(name))),
    cursor,
  };
}

const cursorColumnKinds: Readonly<Record<string, readonly Column['kind'][]>> = {
  timestamp: ['zoned', 'local', 'date'],
  monotonic_id: ['number'],
};

function cursorOf(
  { cursor: { kind, column: name } }: Query,
  find: (name: string, what: string) => Column,
  dialect: Dialect,
  relation: Relation,
): Column | undefined {
  if (kind === 'full') return undefined;
  if (dialect.ownCursors?.[kind] !== undefined) return name === undefined ? undefined : find(name, 'the cursor');
  const kinds = cursorColumnKinds[kind];
  if (kinds === undefined) {
    const known = [...Object.keys(cursorColumnKinds), ...Object.keys(dialect.ownCursors ?? {}), 'full'].join(', ');
    throw new AdpError('CONFIG_ERROR', `A ${dialect.name} source has no cursor of kind ${kind}: take one of ${known}.`);
  }
  if (name === undefined) {
    throw new AdpError('CONFIG_ERROR', `A cursor of kind ${kind} needs cursor.column: the column that it stands in.`);
  }
  const column = find(name, 'the cursor');
  if (kinds.includes(column.kind)) return column;
  throw new AdpError(
    'CONFIG_ERROR',
    `The column ${name} of ${relation.label} is ${column.type}: a cursor of kind ${kind} needs ${kind === 'timestamp' ? 'a date or time' : 'a number'}.`,
  );
}

function comparable(column: Column, what: string, relation: Relation): Column {
  if (column.kind !== 'opaque') return column;
  throw new AdpError(
    'CONFIG_ERROR',
    `The column ${column.name} of ${relation.label} is ${column.type}, which can't be ${what}.`,
  );
}

function missing(names: readonly string[], what: string, relation: Relation): AdpError {
  const near = relation.columns.find(({ name }) => names.some((wanted) => wanted.toLowerCase() === name.toLowerCase()));
  const hint = near === undefined ? '' : ` Upper and lower case count: there is ${near.name}.`;
  return new AdpError(
    'MAPPING_ERROR',
    `${relation.label} has no column ${names.join(' or ')} that the login may read, which ${what} needs.${hint} It has ${listOf(relation)}.`,
  );
}

/** The columns' names, for a message; the first forty. */
function listOf({ columns }: Relation): string {
  const names = columns.slice(0, 40).map(({ name }) => name);
  const others = columns.length - names.length;
  return `${names.join(', ')}${others > 0 ? ` and ${others} others` : ''}`;
}
