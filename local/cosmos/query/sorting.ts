import type { Container } from '../containers.ts';
import { sortLevels } from '../containers.ts';
import { Refusal, unsupported } from '../refusal.ts';
import { isId, sqlPathOf } from '../sqlPaths.ts';
import type { Clause } from './filter.ts';
import type { Order } from './syntax.ts';

/** One column of a total order of the documents. */
export interface SortTerm {
  readonly sql: string;
  readonly descending: boolean;
}

/** A row's place in the order: the values of its terms. */
export type Place = readonly (string | number | null)[];

/**
 * The order of a query's rows, made total by partition key and id, so that a page can go on after any row.
 * @param typed paths whose type is the same in all rows, as in Filter
 * @throws Refusal 400 where Azure would have no index to sort by
 */
export function sortTerms(order: readonly Order[], container: Container, typed: ReadonlySet<string>): SortTerm[] {
  refuseUnindexed(order, container);
  const terms = order.flatMap(({ path, descending }) => {
    const sql = sqlPathOf(path);
    if (sql === undefined) throw unsupported(`ORDER BY ${JSON.stringify(path)}`);
    const type = typed.has(JSON.stringify(path)) ? undefined : sql.type;
    return [type, sql.value].flatMap((column) => (column === undefined ? [] : [{ sql: column, descending }]));
  });
  const descending = order.at(-1)?.descending ?? false;
  const ids = order.some(({ path }) => isId(path)) ? [] : ['id'];
  return [...terms, ...[...sortLevels(container.definition), ...ids].map((sql) => ({ sql, descending }))];
}

/** The rows after a place. */
export function after(terms: readonly SortTerm[], place: Place): Clause {
  const sameDirection = terms.every(({ descending }) => descending === terms[0]?.descending);
  if (sameDirection && !place.includes(null)) {
    // A comparison of row values is what SQLite can start from in an index.
    const sql = `(${terms.map((term) => term.sql).join(', ')}) ${beyond(terms[0])} (${terms.map(() => '?').join(', ')})`;
    return { sql, parameters: place.filter((value) => value !== null) };
  }
  const parameters: (string | number)[] = [];
  const same = (i: number) => {
    const value = place[i] ?? null;
    if (value === null) return `${terms[i]?.sql} IS NULL`;
    parameters.push(value);
    return `${terms[i]?.sql} = ?`;
  };
  const ways = terms.flatMap((term, i) => {
    const value = place[i] ?? null;
    // Within one type all values are null or none is, so that nothing lies beyond null.
    if (value === null) return [];
    const conditions = terms.slice(0, i).map((_, j) => same(j));
    parameters.push(value);
    return [[...conditions, `${term.sql} ${beyond(term)} ?`].join(' AND ')];
  });
  return { sql: `(${ways.map((way) => `(${way})`).join(' OR ')})`, parameters };
}

function beyond(term: SortTerm | undefined): string {
  return term?.descending === true ? '<' : '>';
}

/**
 * Azure sorts by one path only if it is indexed, by several only if a composite index has just these.
 * https://learn.microsoft.com/azure/cosmos-db/index-policy#order-by-queries-on-multiple-properties
 */
function refuseUnindexed(order: readonly Order[], { definition }: Container): void {
  const texts = order.map(({ path }) => path.map(String));
  if (texts.length === 1 && !texts.every(definition.isIndexed)) {
    throw new Refusal(400, `The order-by item /${texts[0]?.join('/')} is excluded from the index.`);
  }
  if (texts.length < 2) return;
  const fits = definition.compositeIndexes.some(
    (composite) =>
      composite.length === order.length &&
      [true, false].some((flip) =>
        composite.every(
          ({ path, descending }, i) =>
            path.join('/') === texts[i]?.join('/') && descending === (order[i]?.descending !== flip),
        ),
      ),
  );
  if (!fits) throw new Refusal(400, 'The order by query does not have a corresponding composite index.');
}
