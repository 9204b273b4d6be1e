import { hash } from 'node:crypto';
import { AdpError } from '../errors.ts';
import { type EntityName, entities } from './entities.ts';

/** The `id` of a record within its dealer and entity; contract.md, "Record id". Safe in a URL and in Cosmos DB. */
export type RecordId = string & { readonly brand: 'RecordId' };

const maxBytes = 900;
const plain = /^[A-Za-z0-9._-]*$/;
const encoder = new TextEncoder();

/**
 * The id of a record: its key values in the schema's order, every UTF-8 byte outside `A-Za-z0-9._-` written `=XX`,
 * joined by `:`; longer than 900 bytes: `h:` and the SHA-256 of that text; `.` and `..` alone: `=2E`, `=2E=2E`.
 * @param data canonical data, or at least its key fields, defaults taken
 * @throws AdpError DATA_ERROR (skip) where a key field is missing or no well-formed text
 */
export function recordIdOf(entity: EntityName, data: Readonly<Record<string, unknown>>): RecordId {
  let id = '';
  let separator = '';
  for (const field of entities[entity].key) {
    const value = data[field];
    if (typeof value === 'string' && plain.test(value)) id += separator + value;
    else if (typeof value === 'string' && value.isWellFormed()) id += separator + escaped(value);
    else throw new AdpError('DATA_ERROR', `The key field ${field} of ${entity} is missing or not well-formed text.`);
    separator = ':';
  }
  // After escaping, a character is a byte.
  if (id.length > maxBytes) return `h:${hash('sha256', id, 'hex')}` as RecordId;
  return (isDots(id) ? id.replaceAll('.', '=2E') : id) as RecordId;
}

/** True for text that can be a record's id; no record has any other. */
export function isRecordId(text: string): text is RecordId {
  return text.length <= maxBytes && /^[A-Za-z0-9._:=-]+$/.test(text) && !isDots(text);
}

/**
 * As a segment of a path these two are no names (RFC 3986, 5.2.4): clients and Cosmos DB's SDK would ask for another
 * resource. So their dots are written `=2E`, the one exception to the rule.
 */
function isDots(id: string): boolean {
  return id === '.' || id === '..';
}

function escaped(value: string): string {
  let text = '';
  for (const byte of encoder.encode(value)) text += escapedByte[byte];
  return text;
}

const escapedByte = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return byte < 128 && plain.test(character) ? character : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
});
