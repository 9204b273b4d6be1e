import { AdpError } from '../../errors.ts';
import type { DropKind } from './dropName.ts';
import { escaped, partsOf, readLocalTime, shapeOf } from './localTime.ts';

/** A file's name as a source writes it: `INV*.txt`, or with the time of its data, `INV_{yyyyMMdd_HHmmss}.csv`. */
export interface NamePattern {
  readonly kind: DropKind;
  /** Undefined where the name doesn't fit. */
  match(file: string): PatternMatch | undefined;
}

export interface PatternMatch {
  /** Of patterns with a time. `local` is milliseconds as if the clock were UTC; undefined where the text is no time. */
  readonly time?: { readonly text: string; readonly local: number | undefined };
}

/**
 * `*` stands for any text, `?` for one character, braces for the time of the data in the source's zone. With a time it
 * is a delta, else a full snapshot, unless `kind` says otherwise. Upper and lower case are one.
 * @throws AdpError `CONFIG_ERROR` for a time without a day, with a part twice, or for two times
 */
export function namePattern(pattern: string, kind?: DropKind): NamePattern {
  const [before = '', form, after = '', ...more] = pattern.split(/\{([^{}]*)\}/);
  const parts = form === undefined ? undefined : partsOf(form);
  const isDated = parts === undefined || ['yyyy', 'MM', 'dd'].every((part) => parts.includes(part));
  const isOnce = parts === undefined || new Set(parts).size === parts.length;
  const isStray = /[{}]/.test(before + after);
  if (more.length > 0 || isStray || !isDated || !isOnce || (kind === 'delta' && form === undefined)) {
    const example = 'INV_{yyyyMMdd_HHmmss}.csv';
    throw new AdpError('CONFIG_ERROR', `The file name "${pattern}": a delta has one time in braces, as in ${example}.`);
  }
  const time = form === undefined ? '' : `(${shapeOf(form, false)})`;
  const regex = new RegExp(`^${glob(before)}${time}${glob(after)}$`, 'is');
  return {
    kind: kind ?? (form === undefined ? 'full' : 'delta'),
    match(file) {
      const found = regex.exec(file);
      if (found === null) return undefined;
      const text = found[1];
      return form === undefined || text === undefined ? {} : { time: { text, local: readLocalTime(form, text) } };
    },
  };
}

function glob(text: string): string {
  return text
    .split(/([*?])/)
    .map((part) => (part === '*' ? '.*' : part === '?' ? '.' : escaped(part)))
    .join('');
}
