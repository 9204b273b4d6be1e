import { damaged } from './damage.ts';

/** The less a character is used in names, the earlier. */
const candidates = ['\t', '|', ';', ','] as const;

/**
 * The delimiter that the header at `start` shows: the candidate that occurs most often outside quotes, the first of
 * tab, bar, semicolon and comma where two are equal. A header of one column has none; then it is the comma.
 *
 * @returns undefined if the text ends before the header does and more is to come
 */
export function sniffDelimiter(text: string, start: number, quote: string, isLast: boolean): string | undefined {
  const counts = new Map<string, number>(candidates.map((candidate) => [candidate, 0]));
  let isQuoted = false;
  let previous = '';
  let at = start;
  for (; at < text.length; at += 1) {
    const character = text.charAt(at);
    const count = counts.get(character);
    if (character === quote) {
      // The second quote of a pair opens again what the first one closed.
      isQuoted = !isQuoted && (previous === '' || previous === quote || counts.has(previous));
    } else if (!isQuoted && (character === '\n' || character === '\r')) {
      break;
    } else if (!isQuoted && count !== undefined) {
      counts.set(character, count + 1);
    }
    previous = character;
  }
  return at < text.length || isLast
    ? [...counts].reduce((best, next) => (next[1] > best[1] ? next : best), [',', 0])[0]
    : undefined;
}

/** @throws AdpError DATA_ERROR naming what can't be a field's name: an empty or repeated one, or one with a NUL */
export function checkHeader(names: readonly string[], line: number): void {
  for (const [index, name] of names.entries()) {
    if (name.trim() === '') {
      throw damaged(`The header (line ${line}) has no name for column ${index + 1}.`);
    }
  }
  checkNames(names, `line ${line}`);
}

/** @param where the header is, for the error. Throws as `checkHeader`, but for empty names. */
export function checkNames(names: readonly string[], where: string): void {
  const seen = new Map<string, number>();
  for (const [index, name] of names.entries()) {
    const column = index + 1;
    if (name.includes('\0')) {
      throw damaged(`The header (${where}) has a NUL character in the name of column ${column}.`);
    }
    const first = seen.get(name);
    if (first !== undefined) {
      throw damaged(`The header (${where}) names columns ${first} and ${column} both ${JSON.stringify(name)}.`);
    }
    seen.set(name, column);
  }
}
