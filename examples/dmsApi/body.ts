import type { ApiPage } from './pages.ts';
import type { ApiRow } from './resource.ts';

/** How a page is written, by `?format=`. */
const formats = {
  json: {
    type: 'application/json',
    write: ({ rows, envelope }: ApiPage) => JSON.stringify(envelope === undefined ? rows : envelope(rows)),
  },
  ndjson: {
    type: 'application/x-ndjson',
    write: ({ rows }: ApiPage) => rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
  },
  csv: { type: 'text/csv; charset=utf-8', write: ({ rows }: ApiPage) => toCsv(rows) },
  xml: { type: 'application/xml', write: ({ rows }: ApiPage) => toXml(rows) },
} as const;

export function bodyOf(page: ApiPage, format: string | null): { readonly type: string; readonly text: string } {
  const { type, write } = format !== null && isFormat(format) ? formats[format] : formats.json;
  return { type, text: write(page) };
}

function isFormat(name: string): name is keyof typeof formats {
  return Object.hasOwn(formats, name);
}

function toCsv(rows: readonly ApiRow[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = [columns, ...rows.map((row) => columns.map((column) => textOf(row[column])))];
  return lines.map((cells) => `${cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')}\r\n`).join('');
}

function toXml(rows: readonly ApiRow[]): string {
  const fields = (row: ApiRow) =>
    Object.entries(row)
      .map(([name, value]) => `<${name}>${escaped(textOf(value))}</${name}>`)
      .join('');
  return `<?xml version="1.0" encoding="UTF-8"?><rows>${rows.map((row) => `<row>${fields(row)}</row>`).join('')}</rows>`;
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
