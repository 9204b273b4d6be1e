import { encode } from 'iconv-lite';
import Papa from 'papaparse';

/** A field of a DMS. Undefined: the DMS leaves it out. */
type Value = string | number | boolean | undefined | readonly Row[] | Row;

/** A row as a DMS knows it, under its own names. */
export interface Row {
  readonly [name: string]: Value;
}

export function toJson(rows: readonly Row[]): string {
  return `${JSON.stringify(rows, null, 1)}\n`;
}

/** The other form of a JSON document that the hub knows. */
export function toJsonRecords(rows: readonly Row[]): string {
  return `${JSON.stringify({ records: rows })}\n`;
}

/** Within other things, as exports of whole systems are: the names that lead to the rows. */
export function toJsonWithin(names: readonly string[], rows: readonly Row[]): string {
  const document = names.reduceRight<unknown>((inner, name) => ({ [name]: inner }), rows);
  return `${JSON.stringify(document)}\n`;
}

export function toNdjson(rows: readonly Row[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

/** As spreadsheet programs in Europe write it: semicolons, CRLF and a byte order mark. */
export function toEuropeanCsv(rows: readonly Row[]): string {
  return `\ufeff${Papa.unparse([...rows], { delimiter: ';', newline: '\r\n' })}\r\n`;
}

/** As older Windows programs write it: semicolons, CRLF, and characters of one byte that nothing in the file names. */
export function toWindowsCsv(rows: readonly Row[]): Uint8Array {
  return encode(`${Papa.unparse([...rows], { delimiter: ';', newline: '\r\n' })}\r\n`, 'windows-1252');
}

/** The root's children are the rows; a list is an element that holds its items as `line`. */
export function toXml(root: string, name: string, rows: readonly Row[]): string {
  const elements = rows.map((row) => ` ${toElement(name, row)}\n`).join('');
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}>\n${elements}</${root}>\n`;
}

function toElement(name: string, value: Value): string {
  if (value === undefined) return '';
  if (isList(value)) return `<${name}>${value.map((item) => toElement('line', item)).join('')}</${name}>`;
  if (typeof value !== 'object') return `<${name}>${escapeXml(String(value))}</${name}>`;
  const children = Object.entries(value).map(([child, content]) => toElement(child, content));
  return `<${name}>${children.join('')}</${name}>`;
}

function isList(value: Value): value is readonly Row[] {
  return Array.isArray(value);
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
