import type { SQLOutputValue } from 'node:sqlite';
import { queryCharge } from '../charges.ts';
import type { Container } from '../containers.ts';
import type { Database } from '../database.ts';
import type { Json } from '../json.ts';
import { parseJson } from '../json.ts';
import type { PartitionKey } from '../partitionKeys.ts';
import { Refusal, unsupported } from '../refusal.ts';
import { isId } from '../sqlPaths.ts';
import type { BoundQuery } from './binding.ts';
import type { Continuation } from './continuation.ts';
import { fromToken, toToken } from './continuation.ts';
import { passes } from './evaluate.ts';
import type { Clause, Filter } from './filter.ts';
import { filterOf } from './filter.ts';
import { project } from './projection.ts';
import type { Place, SortTerm } from './sorting.ts';
import { after, sortTerms } from './sorting.ts';

/** https://learn.microsoft.com/azure/cosmos-db/concepts-limits#per-request-limits */
const maximumPageBytes = 4 * 1024 * 1024;

/** What a query is asked of and how much of it. */
export interface Request {
  readonly query: BoundQuery;
  /** The partition key or a prefix of it; empty: all partitions. */
  readonly scope: PartitionKey;
  readonly pageSize: number;
  readonly continuation: string | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export interface Page {
  /** JSON texts. */
  readonly items: readonly string[];
  readonly continuation: string | undefined;
  readonly charge: number;
}

interface Plan {
  readonly filter: Filter;
  readonly visible: readonly Clause[];
  readonly terms: readonly SortTerm[];
}

/** Runs one page of a query. SQLite finds candidates in order; the evaluator has the last word on each. */
export function runQuery(database: Database, container: Container, request: Request): Page {
  const { query } = request;
  const filter = filterOf(query.where, container.definition.keyPaths);
  const plan: Plan = {
    filter,
    visible: [...scopeClauses(request.scope, container), expiryClause(request.now)],
    terms: sortTerms(query.order, container, filter.typed),
  };
  return query.select.kind === 'count'
    ? countPage(database, container, request, plan)
    : rowsPage(database, container, request, plan);
}

function rowsPage(database: Database, container: Container, request: Request, plan: Plan): Page {
  const { query, pageSize } = request;
  const { terms } = plan;
  const start = request.continuation === undefined ? undefined : fromToken(request.continuation, terms.length);
  let left = start === undefined ? query.limit : start.left;
  let toSkip = start === undefined ? query.offset : 0;
  let place: Place | undefined;
  let bytes = 0;
  const items: string[] = [];
  const done = (continuation: Continuation | undefined): Page => ({
    items,
    continuation: continuation && toToken(continuation),
    charge: queryCharge(items.length, bytes),
  });
  if (left === 0) return done(undefined);
  for (const candidate of candidates(database, container, plan, start?.place)) {
    const document = parseJson(candidate.text);
    if (!passes(document, query.where)) continue;
    if (toSkip > 0) {
      toSkip--;
      continue;
    }
    if (place !== undefined && (items.length >= pageSize || bytes + candidate.text.length > maximumPageBytes)) {
      return done({ place, left });
    }
    place = candidate.place;
    const item = project(query.select, document, candidate.text);
    if (item !== undefined) items.push(item);
    bytes += candidate.text.length;
    if (left !== undefined && --left === 0) break;
  }
  return done(undefined);
}

function countPage(database: Database, container: Container, { query, continuation }: Request, plan: Plan): Page {
  if (query.limit !== undefined || query.offset > 0 || query.order.length > 0) {
    throw unsupported('COUNT with TOP, OFFSET or ORDER BY');
  }
  if (continuation !== undefined) throw new Refusal(400, 'A count has no continuation.');
  let count = 0;
  if (plan.filter.complete) {
    const { sql, parameters } = whereOf([...plan.visible, ...plan.filter.clauses]);
    count = Number(
      database.statement(`SELECT count(*) AS count FROM ${container.table} ${sql}`).get(...parameters)?.count,
    );
  } else {
    for (const { text } of candidates(database, container, plan, undefined)) {
      if (passes(parseJson(text), query.where)) count++;
    }
  }
  return { items: [String(count)], continuation: undefined, charge: queryCharge(count, 0) };
}

function* candidates(
  database: Database,
  { table }: Container,
  { visible, filter, terms }: Plan,
  place: Place | undefined,
): Generator<{ text: string; place: Place }> {
  const rest = place === undefined ? [] : [after(terms, place)];
  const { sql, parameters } = whereOf([...visible, ...filter.clauses, ...rest]);
  const columns = terms.map((term, i) => `${term.sql} AS t${i}`);
  const order = terms.map((term) => term.sql + (term.descending ? ' DESC' : ''));
  // Bodies are fetched one by one, so that a sort holds only places.
  const rows = database.statement(`SELECT row, ${columns} FROM ${table} ${sql} ORDER BY ${order}`);
  const body = database.statement(`SELECT body FROM ${table} WHERE row = ?`);
  for (const row of rows.iterate(...parameters)) {
    const text = String(body.get(row.row ?? null)?.body);
    yield { text, place: terms.map((_, i) => placeValue(row[`t${i}`])) };
  }
}

function placeValue(value: SQLOutputValue | undefined): string | number | null {
  return typeof value === 'string' || typeof value === 'number' ? value : null;
}

function whereOf(clauses: readonly Clause[]): Clause {
  return {
    sql: `WHERE ${clauses.map((clause) => clause.sql).join(' AND ')}`,
    parameters: clauses.flatMap((clause) => clause.parameters),
  };
}

function scopeClauses(scope: PartitionKey, { definition }: Container): Clause[] {
  if (scope.length > definition.keyPaths.length) {
    throw new Refusal(400, 'The partition key has more values than the container has levels.', { substatus: 1001 });
  }
  return scope.flatMap((value, level) => {
    const clause = { sql: `k${level} = ?`, parameters: [value] };
    const path = definition.keyPaths[level];
    return path !== undefined && isId(path) && value.startsWith('"')
      ? [clause, { sql: 'id = ?', parameters: [idOf(parseJson(value))] }]
      : [clause];
  });
}

function idOf(value: Json): string {
  return typeof value === 'string' ? value : '';
}

function expiryClause(now: number): Clause {
  return { sql: '(expires_at IS NULL OR expires_at > ?)', parameters: [now / 1000] };
}
