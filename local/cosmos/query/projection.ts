import type { Json } from '../json.ts';
import { valueAt } from '../json.ts';
import type { Selection } from './syntax.ts';

/** What one document contributes to the result, as JSON text; undefined: nothing, as a missing value. */
export function project(select: Selection, document: Json, text: string): string | undefined {
  switch (select.kind) {
    case 'document':
      return text;
    case 'value': {
      const value = valueAt(document, select.path);
      return value === undefined ? undefined : JSON.stringify(value);
    }
    case 'properties': {
      const entries = select.properties.map(({ name, path }) => [name, valueAt(document, path)]);
      return JSON.stringify(Object.fromEntries(entries));
    }
    case 'count':
      throw new Error('A count is not made of documents.');
  }
}
