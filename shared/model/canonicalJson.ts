import { AdpError } from '../errors.ts';
import type { JsonValue } from './json.ts';

/** Whatever is not plain: what JSON must escape, and surrogates, which must come in pairs. */
const special = /[^ !#-[\]-\ud7ff\ue000-\uffff]/;

/**
 * The RFC 8785 (JCS) form: keys in the order of their UTF-16 units, no white space, numbers and text as ECMAScript
 * writes them.
 * @throws AdpError DATA_ERROR (skip) for a lone surrogate or a number that is not finite, which JCS can't express
 */
export function canonicalJson(value: JsonValue): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number') return numeral(value);
  if (value === null) return 'null';
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  let text = '{';
  for (const key of sortedKeys(value)) {
    const member = value[key];
    if (member === undefined) continue;
    text += `${text === '{' ? '' : ','}${quoted(key)}:${canonicalJson(member)}`;
  }
  return `${text}}`;
}

function quoted(text: string): string {
  if (!special.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) {
    throw new AdpError('DATA_ERROR', 'A text holds a lone surrogate, which is no Unicode character.');
  }
  return JSON.stringify(text);
}

function numeral(value: number): string {
  if (!Number.isFinite(value)) throw new AdpError('DATA_ERROR', 'A number is not finite.');
  return JSON.stringify(value);
}

function sortedKeys(value: object): string[] {
  const keys = Object.keys(value);
  for (let index = 1; index < keys.length; index++) {
    // The mapper builds its objects in order, so that most need no sorting.
    if ((keys[index - 1] ?? '') > (keys[index] ?? '')) return keys.sort();
  }
  return keys;
}

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
