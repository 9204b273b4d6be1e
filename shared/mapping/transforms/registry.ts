import type { Transform } from '../transform.ts';
import { boolean } from './boolean.ts';
import { join, split } from './list.ts';
import { lookup } from './lookup.ts';
import { decimal, integer, number } from './numeral.ts';
import { lower, pad, prefix, replace, substring, suffix, trim, upper } from './text.ts';
import { date, datetime } from './time.ts';

/** All transforms, by the names that mappings use. */
export const transforms: ReadonlyMap<string, Transform> = new Map(
  [
    boolean,
    date,
    datetime,
    decimal,
    integer,
    join,
    lookup,
    lower,
    number,
    pad,
    prefix,
    replace,
    split,
    substring,
    suffix,
    trim,
    upper,
  ].map((transform) => [transform.name, transform]),
);
