import type { Column, Dialect } from './dialect.ts';
import type { Plan } from './plan.ts';

/** Collects a statement's parameters: each use has a placeholder of its own, as some drivers count them. */
export class Parameters {
  readonly values: string[] = [];
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /** SQL of a value of that column, from its text. */
  add(column: Column, text: string): string {
    this.values.push(text);
    return this.#dialect.parse(column, this.#dialect.placeholder(this.values.length));
  }
}

/** Something that rows are sorted by. */
interface Term {
  readonly sql: string;
  /** SQL of its value at a place; adds the parameter each time. */
  readonly valueAt: (place: readonly string[], parameters: Parameters) => string;
}

/** An order in which pages go through a relation, so that every row stands at a place of its own. */
export interface Keyset {
  readonly terms: readonly Term[];
}

/**
 * The order by these columns. A loose column (whose comparison calls `a` and `A` equal) is followed by its bytes, unless
 * the database guarantees that there is only one of them: else a page that ends between the two would lose the second.
 */
export function keysetOf({ dialect, isKeyUnique }: Plan, order: readonly Column[]): Keyset {
  const terms = order.flatMap((column, i): Term[] => {
    const sql = dialect.quote(column.name);
    const valueAt: Term['valueAt'] = (place, parameters) => parameters.add(column, place[i] ?? '');
    const term = { sql, valueAt };
    if (!column.isLoose || isKeyUnique) return [term];
    return [
      term,
      {
        sql: dialect.exactly(column, sql),
        valueAt: (place, parameters) => dialect.exactly(column, valueAt(place, parameters)),
      },
    ];
  });
  return { terms };
}

/** The condition of the rows that come after a place: lexicographically, whatever the number of ties. */
export function after({ dialect }: Plan, { terms }: Keyset, place: readonly string[], parameters: Parameters): string {
  const at = (term: Term) => term.valueAt(place, parameters);
  if (dialect.after !== undefined) return dialect.after(terms.map((term) => ({ sql: term.sql, value: at(term) })));
  const from = (i: number): string => {
    const term = terms[i];
    if (term === undefined) return '1 = 0';
    if (i === terms.length - 1) return `${term.sql} > ${at(term)}`;
    // The first part is implied by the second, but it is what an index can be searched by.
    return `${term.sql} >= ${at(term)} AND (${term.sql} > ${at(term)} OR ${from(i + 1)})`;
  };
  return from(0);
}
