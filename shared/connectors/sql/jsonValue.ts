import { keepLiteral } from '../../model/literal.ts';

/** The value of a JSON column, numbers with all their digits; the text itself where it is nested too deep. */
export function jsonValue(text: string): unknown {
  try {
    return JSON.parse(text, keepLiteral);
  } catch {
    return text;
  }
}
