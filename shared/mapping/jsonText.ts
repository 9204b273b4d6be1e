import { keepLiteral } from '../model/literal.ts';

/**
 * JSON that stands in a text, as databases and CSV carry nested data; numbers that JS would change keep their literal.
 * Undefined where the text is no JSON.
 */
export function readJsonText(text: string): unknown {
  try {
    return JSON.parse(text, keepLiteral);
  } catch {
    // The parser's message quotes the data; the caller says what is wrong in words of its own.
    return undefined;
  }
}
