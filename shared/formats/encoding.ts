import { AdpError } from '../errors.ts';

/** The encodings of text that are read. */
export const encodings = ['utf-8', 'utf-16le', 'utf-16be', 'windows-1252', 'iso-8859-1', 'iso-8859-15'] as const;

export type Encoding = (typeof encodings)[number];

/** Other names that dealers' systems use. UTF-16 without a mark is little-endian, as browsers take it. */
const aliases: Readonly<Record<string, Encoding>> = {
  utf8: 'utf-8',
  ascii: 'utf-8',
  usascii: 'utf-8',
  utf16: 'utf-16le',
  utf16le: 'utf-16le',
  utf16be: 'utf-16be',
  windows1252: 'windows-1252',
  cp1252: 'windows-1252',
  iso88591: 'iso-8859-1',
  latin1: 'iso-8859-1',
  iso885915: 'iso-8859-15',
  latin9: 'iso-8859-15',
};

/** The encoding of that name, or undefined where we read none that is called so. */
export function encodingOf(name: string): Encoding | undefined {
  const key = name.toLowerCase().replace(/[-_ ]/g, '');
  return Object.hasOwn(aliases, key) ? aliases[key] : undefined;
}

/** @throws AdpError CONFIG_ERROR that lists the known ones */
export function toEncoding(name: string): Encoding {
  const encoding = encodingOf(name);
  if (encoding === undefined) {
    throw new AdpError(
      'CONFIG_ERROR',
      `The encoding ${JSON.stringify(name)} is not known; known are ${encodings.join(', ')}.`,
    );
  }
  return encoding;
}
