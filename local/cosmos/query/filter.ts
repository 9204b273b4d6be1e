import type { Json, Step } from '../json.ts';
import { isArray, rank, rankOf } from '../json.ts';
import { encodeLevel } from '../partitionKeys.ts';
import type { SqlPath } from '../sqlPaths.ts';
import { isId, sqlPathOf } from '../sqlPaths.ts';
import type { Comparison, Expression } from './syntax.ts';

/** A condition in SQL with its parameters. */
export interface Clause {
  readonly sql: string;
  readonly parameters: readonly (string | number)[];
}

/** What SQLite can say about a WHERE before the documents are parsed. */
export interface Filter {
  /** Every document that passes WHERE meets all of these. */
  readonly clauses: readonly Clause[];
  /** The clauses say all that WHERE says. */
  readonly complete: boolean;
  /** Paths whose type a clause fixes, as JSON text: within one type an index on the value alone is in order. */
  readonly typed: ReadonlySet<string>;
}

/** @param keyPaths the levels of the partition key, which have columns of their own */
export function filterOf(where: Expression | undefined, keyPaths: readonly (readonly string[])[]): Filter {
  const clauses: Clause[] = [];
  const typed = new Set<string>();
  let complete = true;
  for (const conjunct of conjuncts(where)) {
    const clause = clauseOf(conjunct, keyPaths);
    if (clause === undefined) complete = false;
    else clauses.push(clause);
    const comparison = clause && comparisonOf(conjunct);
    if (comparison !== undefined) typed.add(JSON.stringify(comparison.path));
  }
  return { clauses, complete, typed };
}

function conjuncts(where: Expression | undefined): Expression[] {
  if (where === undefined) return [];
  return where.kind === 'and' ? [...conjuncts(where.left), ...conjuncts(where.right)] : [where];
}

function clauseOf(conjunct: Expression, keyPaths: readonly (readonly string[])[]): Clause | undefined {
  const level = levelClause(conjunct, keyPaths);
  if (level !== undefined) return level;
  const comparison = comparisonOf(conjunct);
  if (comparison !== undefined) return comparisonClause(comparison);
  if (conjunct.kind === 'in') return inClause(conjunct.operand, conjunct.list);
  if (conjunct.kind === 'call') return typeClause(conjunct, false) ?? containsClause(conjunct);
  if (conjunct.kind === 'not' && conjunct.operand.kind === 'call') return typeClause(conjunct.operand, true);
  if (conjunct.kind === 'or') return either(clauseOf(conjunct.left, keyPaths), clauseOf(conjunct.right, keyPaths));
  return undefined;
}

function either(left: Clause | undefined, right: Clause | undefined): Clause | undefined {
  if (left === undefined || right === undefined) return undefined;
  return { sql: `(${left.sql} OR ${right.sql})`, parameters: [...left.parameters, ...right.parameters] };
}

/** `c.dealer_id = …` goes to the column of its level of the partition key, where an index finds it. */
function levelClause(conjunct: Expression, keyPaths: readonly (readonly string[])[]): Clause | undefined {
  const path = conjunct.kind === 'compare' ? conjunct.left : conjunct.kind === 'in' ? conjunct.operand : undefined;
  if (path?.kind !== 'path' || isId(path.path)) return undefined;
  const level = keyPaths.findIndex((keyPath) => samePath(keyPath, path.path));
  if (level === -1) return undefined;
  if (conjunct.kind === 'compare' && conjunct.operator === '=') {
    const value = scalarOf(conjunct.right);
    return value === undefined ? undefined : { sql: `k${level} = ?`, parameters: [encodeLevel(value)] };
  }
  if (conjunct.kind !== 'in') return undefined;
  const values = conjunct.list.map(scalarOf);
  if (values.includes(undefined)) return undefined;
  return {
    sql: `k${level} IN (SELECT value FROM json_each(?))`,
    parameters: [JSON.stringify(values.map(encodeLevel))],
  };
}

interface PathComparison {
  readonly path: readonly Step[];
  readonly operator: Comparison;
  readonly value: Json;
}

const mirrored: Record<Comparison, Comparison> = { '=': '=', '!=': '!=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

/** A comparison of one path with text or a number. Undefined for the rest, which is left to the evaluator. */
function comparisonOf(expression: Expression): PathComparison | undefined {
  if (expression.kind !== 'compare') return undefined;
  const { left, right, operator } = expression;
  const [path, constant] = left.kind === 'path' ? [left, right] : [right, left];
  const value = scalarOf(constant);
  if (path.kind !== 'path' || !isIndexable(value)) return undefined;
  return { path: path.path, operator: path === left ? operator : mirrored[operator], value };
}

function comparisonClause({ path, operator, value }: PathComparison): Clause | undefined {
  const sql = sqlPathOf(path);
  if (sql === undefined || !isIndexable(value)) return undefined;
  return typedClause(sql, rankOf(value), { sql: `${sql.value} ${operator} ?`, parameters: [value] });
}

function inClause(operand: Expression, list: readonly Expression[]): Clause | undefined {
  const sql = operand.kind === 'path' ? sqlPathOf(operand.path) : undefined;
  const values = list.map(scalarOf);
  if (sql === undefined || !values.every((value) => typeof value === 'string')) return undefined;
  const clause = { sql: `${sql.value} IN (SELECT value FROM json_each(?))`, parameters: [JSON.stringify(values)] };
  return typedClause(sql, rank.string, clause);
}

function typeClause({ name, operands }: Extract<Expression, { kind: 'call' }>, negated: boolean): Clause | undefined {
  const [operand] = operands;
  const type = operand?.kind === 'path' ? sqlPathOf(operand.path)?.type : undefined;
  if (type === undefined || (name !== 'IS_DEFINED' && name !== 'IS_NULL')) return undefined;
  const is = (name === 'IS_NULL') === negated ? '<>' : '=';
  const parameter = name === 'IS_NULL' ? rank.null : rank.undefined;
  return { sql: `${type} ${is} ${parameter}`, parameters: [] };
}

/** `ARRAY_CONTAINS(@ids, c.id)` is `c.id IN (…)`. */
function containsClause({ name, operands }: Extract<Expression, { kind: 'call' }>): Clause | undefined {
  const [list, item] = operands;
  if (name !== 'ARRAY_CONTAINS' || list?.kind !== 'constant' || item === undefined || !isArray(list.value))
    return undefined;
  return inClause(
    item,
    list.value.map((value) => ({ kind: 'constant', value })),
  );
}

function typedClause(sql: SqlPath, type: number, clause: Clause): Clause | undefined {
  if (sql.type === undefined) return type === rank.string ? clause : { sql: '0', parameters: [] };
  return { sql: `(${sql.type} = ${type} AND ${clause.sql})`, parameters: clause.parameters };
}

function scalarOf(expression: Expression): Exclude<Json, object> | undefined {
  if (expression.kind !== 'constant') return undefined;
  const { value } = expression;
  return typeof value === 'object' && value !== null ? undefined : value;
}

// SQLite reads whole numbers beyond 2^53 exactly and rounds fractions its own way; JavaScript reads both otherwise.
function isIndexable(value: Json | undefined): value is string | number {
  return typeof value === 'string' || Number.isSafeInteger(value);
}

function samePath(a: readonly Step[], b: readonly Step[]): boolean {
  return a.length === b.length && a.every((step, i) => step === b[i]);
}
