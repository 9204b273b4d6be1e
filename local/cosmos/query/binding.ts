import type { Json } from '../json.ts';
import { isArray, isObject } from '../json.ts';
import { Refusal, unsupported } from '../refusal.ts';
import type { Expression, Query } from './syntax.ts';

/** A query whose parameters have been replaced by their values, so that what follows sees constants only. */
export interface BoundQuery extends Omit<Query, 'limit' | 'offset'> {
  readonly limit: number | undefined;
  readonly offset: number;
}

/**
 * @param parameters as in the request: `[{ name: '@x', value: … }]`
 * @throws Refusal 400 where one is missing
 */
export function bindQuery(query: Query, parameters: Json | undefined): BoundQuery {
  const values = new Map<string, Json>();
  for (const parameter of isArray(parameters) ? parameters : []) {
    if (!isObject(parameter) || typeof parameter.name !== 'string') throw new Refusal(400, 'A parameter needs a name.');
    if (parameter.value !== undefined) values.set(parameter.name, parameter.value);
  }
  return {
    ...query,
    where: query.where && bind(query.where, values),
    limit: query.limit && countOf(bind(query.limit, values)),
    offset: query.offset === undefined ? 0 : countOf(bind(query.offset, values)),
  };
}

function bind(expression: Expression, values: ReadonlyMap<string, Json>): Expression {
  switch (expression.kind) {
    case 'parameter': {
      const value = values.get(expression.name);
      if (value === undefined) throw new Refusal(400, `The query's parameter ${expression.name} has no value.`);
      return { kind: 'constant', value };
    }
    case 'not':
      return { ...expression, operand: bind(expression.operand, values) };
    case 'and':
    case 'or':
      return { ...expression, left: bind(expression.left, values), right: bind(expression.right, values) };
    case 'compare':
      return refuseDoubtful({
        ...expression,
        left: bind(expression.left, values),
        right: bind(expression.right, values),
      });
    case 'in':
      return {
        ...expression,
        operand: bind(expression.operand, values),
        list: expression.list.map((item) => bind(item, values)),
      };
    case 'call':
      return { ...expression, operands: expression.operands.map((operand) => bind(operand, values)) };
    default:
      return expression;
  }
}

// By the documentation a comparison of different types is undefined, so `!= null` would never be true of text; services
// have behaved differently. Nobody should depend on it.
function refuseDoubtful(comparison: Extract<Expression, { kind: 'compare' }>): Expression {
  const { operator, left, right } = comparison;
  if (operator === '!=' && (isNullConstant(left) || isNullConstant(right))) {
    throw unsupported("'!= null': write NOT IS_NULL(…) and, where it may be missing, IS_DEFINED(…)");
  }
  return comparison;
}

function isNullConstant(expression: Expression): boolean {
  return expression.kind === 'constant' && expression.value === null;
}

function countOf(expression: Expression): number {
  const value = expression.kind === 'constant' ? expression.value : undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) {
    throw new Refusal(400, 'TOP, OFFSET and LIMIT take whole numbers.');
  }
  return value;
}
