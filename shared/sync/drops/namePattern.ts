import { AdpError } from '../../errors.ts';
import type { DropKind } from './dropName.ts';
import { partsOf, readLocalTime, shapeOf } from './localTime.ts';

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
  const [start, end] = [folded(before), folded(after)];
  if (form === undefined) {
    return { kind: kind ?? 'full', match: (file) => (fits(start, folded(file)) ? {} : undefined) };
  }
  const shape = new RegExp(`^${shapeOf(form, false)}$`, 'i');
  return {
    kind: kind ?? 'delta',
    match(file) {
      const name = folded(file);
      // Of several times that fit it is the last.
      for (let at = name.length - form.length; at >= 0; at--) {
        const text = file.slice(at, at + form.length);
        if (shape.test(text) && fits(start, name.slice(0, at)) && fits(end, name.slice(at + form.length))) {
          return { time: { text, local: readLocalTime(form, text) } };
        }
      }
      return undefined;
    },
  };
}

/**
 * Whether a pattern is that of the whole text. By hand: a regular expression may take minutes for a long name, and names
 * are the dealer's.
 */
function fits(pattern: string, text: string): boolean {
  let place = 0;
  let star = -1;
  let afterStar = 0;
  for (let at = 0; at < text.length; ) {
    if (pattern[place] === '*') {
      star = place++;
      afterStar = at;
    } else if (pattern[place] === '?' || pattern[place] === text[at]) {
      place++;
      at++;
    } else if (star >= 0) {
      // The last star takes one character more; the ones before it need never.
      place = star + 1;
      at = ++afterStar;
    } else {
      return false;
    }
  }
  while (pattern[place] === '*') place++;
  return place === pattern.length;
}

/** In lower case, with no character at another place. */
function folded(text: string): string {
  return text.replaceAll(/./gs, (character) => {
    const lower = character.toLowerCase();
    return lower.length === 1 ? lower : character;
  });
}
