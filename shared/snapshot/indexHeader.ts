/**
 * What an index file says of itself, so that it is never read as something else. The file:
 *
 *     magic (8 bytes) | length of the header (u32) | header (JSON, UTF-8) | slots | checksum (8 bytes)
 *
 * Numbers are little-endian. Slots are in the order of their key hashes: the same snapshot makes the same bytes, in
 * whatever order its rows were. The checksum is XXH64 of each 8,192 slots, each seeded by the one before, the first by
 * 64 bits of the header's SHA-256.
 */
export interface IndexHeader {
  readonly version: typeof indexVersion;
  readonly hashes: typeof hashNames;
  /** Unsigned 64-bit number in hex: hashes of one source say nothing of another's, nor can they be aimed at. */
  readonly seed: string;
  /** Names of the key's columns, in the order of the key. */
  readonly key: readonly string[];
  /** Names of the columns, in the order in which rows are hashed: that of the first file that had these. */
  readonly columns: readonly string[];
  /** The dialect in which rows are hashed: that of the first file that had these columns. */
  readonly delimiter: string;
  readonly quote: string;
  /** How the file was encoded before it became UTF-8. */
  readonly encoding: string;
  /** Version of the mapping and the schema that the content hashes were made by. */
  readonly mapping: string;
  /** Slots that follow. */
  readonly count: number;
}

export const indexVersion = 1;
export const hashNames = 'murmur3-x64-128+xxh64+sha256-64';
const magic = 'ADPINDEX';
/** Magic and length. */
export const prefixBytes = 12;
export const checksumBytes = 8;
const maxHeaderBytes = 16 * 1024 * 1024;

/** What a baseline must agree with to be of use. */
export type Expected = Pick<IndexHeader, 'seed' | 'key' | 'encoding' | 'mapping'>;

export function writeIndexHeader(header: IndexHeader): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const bytes = Buffer.alloc(prefixBytes + json.length);
  bytes.write(magic, 'latin1');
  bytes.writeUInt32LE(json.length, 8);
  json.copy(bytes, prefixBytes);
  return bytes;
}

/** How long the header's JSON is; undefined: this is no index. */
export function headerLength(prefix: Buffer): number | undefined {
  if (prefix.length < prefixBytes || prefix.toString('latin1', 0, 8) !== magic) {
    return undefined;
  }
  const length = prefix.readUInt32LE(8);
  return length <= maxHeaderBytes ? length : undefined;
}

/** The header, or undefined where the JSON is none. */
export function parseIndexHeader(json: Buffer): IndexHeader | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json.toString());
  } catch {
    return undefined;
  }
  if (!isRecord(value) || value.version !== indexVersion || value.hashes !== hashNames) {
    return undefined;
  }
  const { seed, key, columns, delimiter, quote, encoding, mapping, count } = value;
  const isWhole =
    isText(seed) &&
    isText(delimiter) &&
    isText(quote) &&
    isText(encoding) &&
    isText(mapping) &&
    isTexts(key) &&
    isTexts(columns) &&
    typeof count === 'number' &&
    Number.isSafeInteger(count) &&
    count >= 0;
  return isWhole
    ? { version: indexVersion, hashes: hashNames, seed, key, columns, delimiter, quote, encoding, mapping, count }
    : undefined;
}

/** Why a baseline is of no use, or undefined. Columns and dialect may differ: rows are hashed by the baseline's. */
export function misfit(header: IndexHeader, expected: Expected): string | undefined {
  if (header.mapping !== expected.mapping) return 'the mapping or the schema has changed';
  if (JSON.stringify(header.key) !== JSON.stringify(expected.key)) return 'the key has changed';
  if (header.encoding !== expected.encoding) return 'the encoding has changed';
  return header.seed === expected.seed ? undefined : 'the seed has changed';
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isText);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
