import { damaged } from './damage.ts';
import { findJsonFault } from './jsonFault.ts';
import { parseWithLiterals } from './jsonLiterals.ts';
import { surveyJson } from './jsonSurvey.ts';
import { limitExceeded } from './limits.ts';
import { TextPlace } from './textPlace.ts';

/**
 * `JSON.parse` of UTF-8 from `start` to `end`, but a number that JavaScript would print otherwise than it is written
 * is a `NumberLiteral`: amounts and identifiers of dealers must not be rounded. The last of equal keys wins.
 *
 * @throws AdpError DATA_ERROR (`park`) with the place where the text is broken; the error of `limitExceeded` when it is
 * deeper than `maxDepth`
 */
export function parseJson(utf8: Buffer, start: number, end: number, maxDepth: number): unknown {
  const survey = surveyJson(utf8, start, end, maxDepth);
  if (!survey) {
    throw tooDeep(maxDepth);
  }
  try {
    return parseSurveyed(utf8, start, end, survey.places);
  } catch (error) {
    throw brokenJson(utf8.toString('utf8', start, end), new TextPlace(), error);
  }
}

/** As `parseJson`, of text that was surveyed. @throws SyntaxError */
export function parseSurveyed(utf8: Buffer, start: number, end: number, places: readonly number[]): unknown {
  return places.length === 0
    ? JSON.parse(utf8.toString('utf8', start, end))
    : parseWithLiterals(utf8, start, end, places);
}

export function tooDeep(maxDepth: number): Error {
  return limitExceeded('levels of objects and arrays inside one another', maxDepth);
}

/** The error for text that is no JSON and begins at `place`. */
export function brokenJson(text: string, place: TextPlace, cause?: unknown): Error {
  const fault = findJsonFault(text);
  const where = fault ? `${place.describe(text, fault.position)}: ${fault.what}` : 'an unknown place';
  return damaged(`The JSON is broken at ${where}.`, cause);
}
