import { AdpError } from '../../errors.ts';
import { isJsonObject, type JsonValue } from '../../model/json.ts';

/**
 * What a request may be told.
 * - `cursor`: how far an earlier read came; `since`: the same, minus the overlap; `until`: the start of this read
 * - `page`, `offset`, `limit`, `next`: which page, and how many rows
 */
export const placeholders = ['cursor', 'since', 'until', 'page', 'offset', 'limit', 'next'] as const;

export type Placeholder = (typeof placeholders)[number];

/** What the placeholders stand for in one request; one that is absent has no value yet. */
export type Values = { readonly [name in Placeholder]?: string | number };

/** Where a text is put, which decides how a value is written there; as it is in `text`, which is written as a whole later. */
export type Place = 'path' | 'header' | 'json' | 'form' | 'xml' | 'text';

const pattern = /\{\{\s*([^{}]*?)\s*\}\}/g;

/** The names in a template, known or not. */
export function namesIn(template: string): string[] {
  return Array.from(template.matchAll(pattern), ([, name = '']) => name);
}

/**
 * The template with its values, each written as its place asks for; undefined where one has no value. Nothing but
 * substitution: a value can't bring placeholders of its own.
 * @throws AdpError DATA_ERROR (park) for a value that can't stand there
 */
export function fill(template: string, values: Values, place: Place): string | undefined {
  let isComplete = true;
  const filled = template.replace(pattern, (_, name: string) => {
    const value = valueFor(values, name);
    if (value === undefined) isComplete = false;
    return value === undefined ? '' : escapes[place](String(value));
  });
  return isComplete ? filled : undefined;
}

/** JSON whose texts are templates; a member or element without a value is left out. */
export function fillJson(template: JsonValue, values: Values): JsonValue | undefined {
  if (typeof template === 'string') {
    const [, name] = /^\{\{\s*(page|offset|limit)\s*\}\}$/.exec(template) ?? [];
    return name === undefined ? fill(template, values, 'text') : valueFor(values, name);
  }
  if (typeof template !== 'object' || template === null) return template;
  if (!isJsonObject(template)) {
    return template.map((item) => fillJson(item, values)).filter((item) => item !== undefined);
  }
  const members = Object.entries(template).flatMap(([name, item]) => {
    const filled = fillJson(item, values);
    return filled === undefined ? [] : [[name, filled] as const];
  });
  return Object.fromEntries(members);
}

/** The texts of a JSON template. */
export function textsIn(template: JsonValue): string[] {
  if (typeof template === 'string') return [template];
  return typeof template === 'object' && template !== null ? Object.values(template).flatMap(textsIn) : [];
}

const escapes: Readonly<Record<Place, (value: string) => string>> = {
  path(value) {
    // A URL takes these for "here" and "one up", written out or not.
    if (value === '.' || value === '..' || value === '') throw unfit('the path');
    return encodeURIComponent(value.toWellFormed());
  },
  form: (value) => encodeURIComponent(value.toWellFormed()),
  header(value) {
    if (!/^[\x20-\x7e]*$/.test(value)) throw unfit('a header');
    return value;
  },
  text: (value) => value,
  json: (value) => JSON.stringify(value).slice(1, -1),
  xml: (value) =>
    value
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&apos;'),
};

function unfit(where: string): AdpError {
  const message = `A value that the API gave can't stand in ${where}. Send it as a query parameter, or reset the source.`;
  return new AdpError('DATA_ERROR', message, { disposition: 'park' });
}

function valueFor(values: Values, name: string): string | number | undefined {
  const known = placeholders.find((placeholder) => placeholder === name);
  return known === undefined ? undefined : values[known];
}
