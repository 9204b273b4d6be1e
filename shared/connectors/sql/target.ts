import { AdpError } from '../../errors.ts';
import type { Target } from './dialect.ts';
import type { EntitySettings, SourceSettings } from './settings.ts';

/** What an entity reads. @throws AdpError CONFIG_ERROR (park) for a name that can't be read, or a query that isn't there */
export function targetOf(entity: EntitySettings, source: Pick<SourceSettings, 'schema' | 'queries'>): Target {
  const [fault] = targetFaults(entity, source);
  if (fault !== undefined) throw new AdpError('CONFIG_ERROR', fault);
  if (entity.query !== undefined) {
    return { kind: 'query', name: entity.query, sql: plainQuery(source.queries[entity.query] ?? '') };
  }
  const [schema, name] = partsOf(entity.table ?? '') ?? [undefined, ''];
  return { kind: 'table', schema: schema ?? source.schema, name };
}

/** What is wrong with what an entity reads, as sentences; for when a source is saved. */
export function targetFaults(entity: EntitySettings, source: Pick<SourceSettings, 'queries'>): string[] {
  if (entity.query !== undefined && entity.table !== undefined) {
    return ['settings.table and settings.query are both there: name what is to be read, one of them.'];
  }
  if (entity.query !== undefined) {
    const sql = Object.hasOwn(source.queries, entity.query) ? source.queries[entity.query] : undefined;
    if (sql !== undefined) return queryFaults(entity.query, sql);
    const there = Object.keys(source.queries);
    return [
      `There is no query "${entity.query}" in the source's settings.queries; ${there.length === 0 ? 'it has none' : `it has ${there.join(', ')}`}.`,
    ];
  }
  return partsOf(entity.table ?? '') === undefined
    ? [`"${entity.table ?? ''}" names no table: write schema.name, or "my.schema"."a name" where a name has a dot.`]
    : [];
}

/**
 * What is wrong with a query. It is read as a derived table by a login that should only be able to read, so that this
 * keeps an admin from mistakes; it is no sandbox.
 */
export function queryFaults(name: string, sql: string): string[] {
  const text = plainQuery(sql);
  if (!/^(?:select|with)\b/i.test(text)) return [`The query "${name}" must be one SELECT statement.`];
  if (text.includes(';')) return [`The query "${name}" must be one SELECT statement, without a semicolon.`];
  return [];
}

/** Without what may stand around it. */
function plainQuery(sql: string): string {
  return sql.trim().replace(/;$/, '').trimEnd();
}

const part = /(?:"((?:[^"]|"")+)"|\[((?:[^\]]|\]\])+)\]|`((?:[^`]|``)+)`|([^".[\]`\s][^".[\]`]*))/y;

/** `[schema?, name]` of `schema.name`, each part plain or in the quotes of any database; undefined where it isn't that. */
function partsOf(text: string): [string | undefined, string] | undefined {
  const parts: string[] = [];
  let at = 0;
  while (at <= text.length) {
    part.lastIndex = at;
    const match = part.exec(text);
    if (match === null) return undefined;
    const [whole, double, bracket, tick, plain] = match;
    parts.push(
      double?.replaceAll('""', '"') ?? bracket?.replaceAll(']]', ']') ?? tick?.replaceAll('``', '`') ?? plain ?? '',
    );
    at += whole.length;
    if (at === text.length) break;
    if (text[at] !== '.') return undefined;
    at++;
  }
  const [first, second, third] = parts;
  if (first === undefined || third !== undefined) return undefined;
  return second === undefined ? [undefined, first] : [first, second];
}

/** For messages: `table dbo.Part`, `query "parts"`. */
export function labelOf(target: Target): string {
  if (target.kind === 'query') return `query "${target.name}"`;
  return `table ${target.schema === undefined ? '' : `${target.schema}.`}${target.name}`;
}

/** What is read is not there. */
export function noSuch(target: Target): AdpError {
  return new AdpError(
    'MAPPING_ERROR',
    `There is no ${labelOf(target)}, or the login may not see it: check settings.table (upper and lower case count), and grant SELECT.`,
  );
}
