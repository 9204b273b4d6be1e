import { AdpError } from '../../errors.ts';
import { formatByExtension } from '../../formats/registry.ts';
import { timeZone } from '../../mapping/zone.ts';
import { type EntityName, entities, isEntityName } from '../../model/entities.ts';
import { conflictCopyOf } from './conflictCopy.ts';
import { readLocalTime } from './localTime.ts';
import type { NamePattern } from './namePattern.ts';
import type { DropPlace } from './place.ts';

/** A snapshot is everything that there is of an entity; a delta is what has changed. */
export type DropKind = 'full' | 'delta';

/** What a file's name says (contract.md, "Files"). */
export interface DropName {
  readonly entity: EntityName;
  readonly kind: DropKind;
  /** The time in the name, in milliseconds since 1970; of deltas only. */
  readonly time: number | undefined;
  /** The format's extension, lower case and without the dot. */
  readonly extension: string;
  readonly compression: 'gz' | 'zip' | undefined;
}

/** What one source says of its files' names. */
export interface NamingRules {
  /** IANA; of times in names. */
  readonly zone: string;
  /** The entities that the source brings, with the names that it adds to the usual ones. */
  readonly entities: ReadonlyMap<EntityName, EntityNaming>;
}

export interface EntityNaming {
  readonly patterns: readonly NamePattern[];
  /** Takes the place of the extension, which may then be anything. */
  readonly format: string | undefined;
}

/**
 * Reads a file's name by one source's rules; undefined where it is none of theirs. `{dealerId}_{entity}` is a full
 * snapshot, `{dealerId}_{entity}_{yyyy_MM_dd_HH_mm_ss}` a delta; upper and lower case are one.
 * @throws AdpError `DATA_ERROR` (park) for a name that is theirs but whose time or type can't be
 */
export function parseDropName({ dealerId, file }: DropPlace, rules: NamingRules): DropName | undefined {
  for (const [entity, { patterns, format }] of rules.entities) {
    const found = byPattern(file, patterns) ?? byConvention(file, dealerId, entity);
    if (found === undefined) continue;
    const { extension, compression } = typeOf(file);
    const read = { extension: format ?? extension, compression };
    // What a .zip holds may be told by its member alone.
    const isOpen = extension === '' && compression === 'zip';
    if (!isOpen && formatByExtension(`x.${read.extension}`) === undefined) throw unknownType(file, read.extension);
    const time = found.local === undefined ? undefined : timeZone(rules.zone).toUtc(found.local);
    return { entity, kind: found.kind, time, ...read };
  }
  return undefined;
}

/** The usual names, of every entity: where no source says otherwise. */
export function usualNames(zone: string): NamingRules {
  const names = Object.keys(entities).filter(isEntityName);
  return { zone, entities: new Map(names.map((name) => [name, { patterns: [], format: undefined }])) };
}

/**
 * Why a name that no rule knows can't be taken.
 * @returns AdpError `DATA_ERROR` (park) whose message says what is wrong and what a name should be
 */
export function unknownName(place: DropPlace, rules: readonly NamingRules[]): AdpError {
  const { dealerId, file } = place;
  const original = conflictCopyOf(file, (name) => rules.some((some) => isKnown({ ...place, file: name }, some)));
  if (original !== undefined) {
    return parked(
      `${file} is a conflict copy that Azure File Sync made of ${original}: it was changed in two places at once. Decide which of the two is right, and remove the copy.`,
    );
  }
  const { extension } = typeOf(file);
  if (formatByExtension(`x.${extension}`) === undefined) return unknownType(file, extension);
  const expected = `Names are {dealer}_{entity}.{ext} for everything, {dealer}_{entity}_{yyyy_MM_dd_HH_mm_ss}.{ext} for changes.`;
  const prefix = `${dealerId}_`;
  if (!file.toLowerCase().startsWith(prefix)) {
    return parked(`${file} lies in the folder of ${dealerId}, but its name does not begin with ${prefix}. ${expected}`);
  }
  return parked(`${file} names no entity of the source's: ${Object.keys(entities).join(', ')} are known. ${expected}`);
}

function isKnown(place: DropPlace, rules: NamingRules): boolean {
  try {
    return parseDropName(place, rules) !== undefined;
  } catch {
    return false;
  }
}

interface Found {
  readonly kind: DropKind;
  /** As if the clock of the name's zone were UTC. */
  readonly local: number | undefined;
}

function byPattern(file: string, patterns: readonly NamePattern[]): Found | undefined {
  for (const { kind, match } of patterns) {
    const matched = match(file);
    if (matched === undefined) continue;
    if (matched.time === undefined) return { kind, local: undefined };
    return { kind, local: matched.time.local ?? badTime(file, matched.time.text) };
  }
  return undefined;
}

function byConvention(file: string, dealerId: string, entity: EntityName): Found | undefined {
  const { stem } = typeOf(file);
  const whole = `${dealerId}_${entity}`;
  const lower = stem.toLowerCase();
  if (lower === whole) return { kind: 'full', local: undefined };
  if (!lower.startsWith(`${whole}_`)) return undefined;
  const text = stem.slice(whole.length + 1);
  // `part_stock` is no `part` with an odd time.
  if (!/^\d[\d_]*$/.test(text)) return undefined;
  return { kind: 'delta', local: readLocalTime('yyyy_MM_dd_HH_mm_ss', text) ?? badTime(file, text) };
}

function badTime(file: string, text: string): never {
  throw parked(`${file}: "${text}" is no time; expected yyyy_MM_dd_HH_mm_ss, such as 2025_05_13_12_00_00.`);
}

function typeOf(file: string): { stem: string; extension: string; compression: 'gz' | 'zip' | undefined } {
  const packing = /\.(gz|zip)$/i.exec(file)?.[1]?.toLowerCase();
  const compression = packing === 'gz' || packing === 'zip' ? packing : undefined;
  const unpacked = compression === undefined ? file : file.slice(0, -compression.length - 1);
  const [, stem = unpacked, extension = ''] = /^(.+)\.([^.]*)$/s.exec(unpacked) ?? [];
  return { stem, extension: extension.toLowerCase(), compression };
}

function unknownType(file: string, extension: string): AdpError {
  const type = extension === '' ? 'has no extension' : `is of the type "${extension.slice(0, 20)}"`;
  return parked(
    `${file} ${type}, which is not read: csv, tsv, txt, json, ndjson, jsonl, xml, parquet, arrow, feather and xlsx are, each also with .gz, or in a .zip by itself.`,
  );
}

function parked(message: string): AdpError {
  return new AdpError('DATA_ERROR', message, { disposition: 'park' });
}
