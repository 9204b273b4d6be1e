import type { Check } from '../../shared/check.ts';
import { fail } from './problem.ts';

/**
 * The query as typed values. Unknown names are refused, so that a typo doesn't silently answer another question.
 * @throws a 400 problem that lists every fault
 */
export function parseQuery<Query>(search: URLSearchParams, check: Check<Query>): Query {
  const values: Record<string, string> = Object.create(null);
  for (const [name, value] of search) {
    if (Object.hasOwn(values, name)) fail(400, 'DATA_ERROR', `The query parameter ${name} is given twice.`);
    values[name] = value;
  }
  return check.parse({ ...values });
}
