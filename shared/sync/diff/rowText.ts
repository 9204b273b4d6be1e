import { parseJson } from '../../formats/jsonText.ts';
import { setOwn } from '../../model/json.ts';
import { NumberLiteral } from '../../model/literal.ts';

/** Readers allow less. */
export const rowTextDepth = 1_000;

/**
 * A row's values as JSON on one line, its fields sorted, numbers as they were written: equal rows have equal texts,
 * whatever the order of their fields.
 */
export function toRowText(value: unknown): string {
  if (value instanceof NumberLiteral) return value.text;
  if (Array.isArray(value)) return `[${value.map(toRowText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  let text = '';
  for (const name of Object.keys(value).sort()) {
    const member: unknown = Object.getOwnPropertyDescriptor(value, name)?.value;
    if (member !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${toRowText(member)}`;
  }
  return `{${text}}`;
}

/** The values again. */
export function fromRowText(text: string): Record<string, unknown> {
  const utf8 = Buffer.from(text);
  const value = parseJson(utf8, 0, utf8.length, rowTextDepth);
  const values: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value ?? {})) setOwn<unknown>(values, name, member);
  return values;
}
