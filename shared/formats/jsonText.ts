import { NumberLiteral } from '../model/literal.ts';
import { damaged } from './damage.ts';
import { findJsonFault } from './jsonFault.ts';
import { surveyJson } from './jsonSurvey.ts';
import { limitExceeded } from './limits.ts';

declare global {
  interface JSON {
    /** With the source text of numbers, strings and literals (ECMAScript's JSON.parse source text access; Node ≥ 22). */
    parse(
      text: string,
      reviver: (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown,
    ): unknown;
  }
}

/**
 * `JSON.parse` of UTF-8 from `start` to `end`, but a number that JavaScript would print otherwise than it is written
 * is a `NumberLiteral`: amounts and identifiers of dealers must not be rounded. The last of equal keys wins.
 *
 * @throws AdpError DATA_ERROR (`park`) with the place where the text is broken; the error of `limitExceeded` when it is
 * deeper than `maxDepth`
 */
export function parseJson(utf8: Buffer, start: number, end: number, maxDepth: number): unknown {
  const survey = surveyJson(utf8, start, end, maxDepth);
  if (survey === 'deep') {
    throw limitExceeded('levels of objects and arrays inside one another', maxDepth);
  }
  const text = utf8.toString('utf8', start, end);
  try {
    return survey === 'plain' ? JSON.parse(text) : JSON.parse(text, keepLiteral);
  } catch (error) {
    throw damaged(`The JSON is broken at ${findJsonFault(text) ?? 'an unknown place'}.`, error);
  }
}

function keepLiteral(_key: string, value: unknown, { source }: { readonly source?: string }): unknown {
  return typeof value === 'number' && source !== undefined && source !== `${value}` ? new NumberLiteral(source) : value;
}

/** True for what can be a row: a JSON object. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NumberLiteral);
}
