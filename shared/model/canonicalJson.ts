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
  if (isOrdered(value)) {
    const text = JSON.stringify(value);
    // A lone surrogate is written as an escape.
    if (!text.includes('\\ud')) return text;
  }
  return canonical(value);
}

/**
 * True where JSON.stringify writes the canonical form already, three times as fast: keys in order, numbers finite. The
 * mapper builds its objects in order, so that most are.
 */
function isOrdered(value: JsonValue): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  if (isArray(value)) return value.every(isOrdered);
  let last = '';
  for (const key of Object.keys(value)) {
    if (key < last) return false;
    last = key;
    const member = value[key];
    if (member !== undefined && !isOrdered(member)) return false;
  }
  return true;
}

function canonical(value: JsonValue): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number') return numeral(value);
  if (value === null) return 'null';
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (isArray(value)) return `[${value.map(canonical).join(',')}]`;
  let text = '{';
  for (const key of Object.keys(value).sort()) {
    const member = value[key];
    if (member === undefined) continue;
    text += `${text === '{' ? '' : ','}${quoted(key)}:${canonical(member)}`;
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

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
