import type { Json } from '../json.ts';
import { compareScalars, equal, isArray, rankOf, valueAt } from '../json.ts';
import type { Comparison, Expression } from './syntax.ts';

/**
 * Whether a document passes WHERE: only `true` does. The logic has three values, `undefined` for what can't be said (a
 * missing property, a comparison of different types), and NOT of undefined is undefined.
 * https://learn.microsoft.com/azure/cosmos-db/nosql/query/equality-comparison-operators
 */
export function passes(document: Json, where: Expression | undefined): boolean {
  return where === undefined || evaluate(where, document) === true;
}

function evaluate(expression: Expression, document: Json): Json | undefined {
  switch (expression.kind) {
    case 'constant':
      return expression.value;
    case 'path':
      return valueAt(document, expression.path);
    case 'not': {
      const operand = evaluate(expression.operand, document);
      return typeof operand === 'boolean' ? !operand : undefined;
    }
    case 'and':
      return decided(expression.left, expression.right, document, false);
    case 'or':
      return decided(expression.left, expression.right, document, true);
    case 'compare':
      return compare(expression.operator, evaluate(expression.left, document), evaluate(expression.right, document));
    case 'in': {
      const operand = evaluate(expression.operand, document);
      if (operand === undefined) return undefined;
      return expression.list.some((item) => equal(operand, evaluate(item, document)));
    }
    case 'call':
      return call(expression, document);
    case 'parameter':
      throw new Error(`Parameter ${expression.name} was not bound.`);
  }
}

/** AND is decided by the first false, OR by the first true; else both sides must be booleans. */
function decided(left: Expression, right: Expression, document: Json, decisive: boolean): boolean | undefined {
  const a = evaluate(left, document);
  if (a === decisive) return decisive;
  const b = evaluate(right, document);
  if (b === decisive) return decisive;
  return typeof a === 'boolean' && typeof b === 'boolean' ? !decisive : undefined;
}

function compare(operator: Comparison, a: Json | undefined, b: Json | undefined): boolean | undefined {
  if (operator === '=' || operator === '!=') {
    if (a === undefined || b === undefined || !sameType(a, b)) return undefined;
    return equal(a, b) === (operator === '=');
  }
  const order = compareScalars(a, b);
  if (order === undefined) return undefined;
  if (operator === '<') return order < 0;
  if (operator === '<=') return order <= 0;
  return operator === '>' ? order > 0 : order >= 0;
}

function sameType(a: Json, b: Json): boolean {
  return typeof a === 'boolean' && typeof b === 'boolean' ? true : rankOf(a) === rankOf(b);
}

function call({ name, operands }: Extract<Expression, { kind: 'call' }>, document: Json): boolean | undefined {
  const [first, second] = operands.map((operand) => evaluate(operand, document));
  switch (name) {
    case 'IS_DEFINED':
      return first !== undefined;
    case 'IS_NULL':
      return first === null;
    case 'STARTSWITH':
      return typeof first === 'string' && typeof second === 'string' ? first.startsWith(second) : undefined;
    case 'ARRAY_CONTAINS':
      if (!isArray(first) || second === undefined) return undefined;
      return first.some((item) => equal(item, second));
  }
}
