import { damaged } from './damage.ts';
import { findJsonFault } from './jsonFault.ts';
import { parseWithLiterals } from './jsonLiterals.ts';
import { surveyJson } from './jsonSurvey.ts';
import { limitExceeded } from './limits.ts';

/**
 * `JSON.parse` of UTF-8 from `start` to `end`, but a number that JavaScript would print otherwise than it is written
 * is a `NumberLiteral`: amounts and identifiers of dealers must not be rounded. The last of equal keys wins.
 *
 * @throws AdpError DATA_ERROR (`park`) with the place where the text is broken; the error of `limitExceeded` when it is
 * deeper than `maxDepth`
 */
export function parseJson(utf8: Buffer, start: number, end: number, maxDepth: number): unknown {
  const places: number[] = [];
  if (!surveyJson(utf8, start, end, maxDepth, places)) {
    throw limitExceeded('levels of objects and arrays inside one another', maxDepth);
  }
  try {
    return places.length === 0
      ? JSON.parse(utf8.toString('utf8', start, end))
      : parseWithLiterals(utf8, start, end, places);
  } catch (error) {
    const fault = findJsonFault(utf8.toString('utf8', start, end));
    throw damaged(`The JSON is broken at ${fault ?? 'an unknown place'}.`, error);
  }
}
