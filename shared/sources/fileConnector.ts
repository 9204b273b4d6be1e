import { encodings } from '../formats/encoding.ts';

const character = { type: 'string', minLength: 1, maxLength: 1 } as const;

const encoding = {
  type: 'string',
  pattern: '^[A-Za-z0-9_ -]{1,40}$',
  description: `Of text without a byte order mark: ${encodings.join(', ')}. Default: UTF-8.`,
  examples: ['windows-1252'],
} as const;

/** What a source of files sets for all of them. */
const sourceSettings = {
  title: 'FileSettings',
  type: 'object',
  additionalProperties: false,
  properties: {
    folder: {
      type: 'string',
      pattern: '^[^/\\\\]+(/[^/\\\\]+)*$',
      description: "Only files in this folder of the dealer's, or deeper down. Default: all of the dealer's.",
      examples: ['inventory'],
    },
    manifest: {
      enum: ['optional', 'required'],
      description:
        '{file}.manifest.json, written after the file: {rows, sha256, timezone, encoding, schema_version}. It must fit wherever there is one; required: a file waits for its own. Default: optional.',
    },
    encoding,
  },
} as const;

/** How an entity's files are called, and how they are read. */
const entitySettings = {
  title: 'FileEntitySettings',
  type: 'object',
  additionalProperties: false,
  properties: {
    files: {
      type: 'array',
      description: 'Names besides {dealer}_{entity}.{ext} and {dealer}_{entity}_{yyyy_MM_dd_HH_mm_ss}.{ext}.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name'],
        properties: {
          name: {
            type: 'string',
            pattern: '^[^/{}]*(\\{[^/{}]*yyyy[^/{}]*\\}[^/{}]*)?$',
            minLength: 1,
            maxLength: 200,
            description: '* is any text, ? one character, braces the time of the data: yyyy, MM, dd, HH, mm, ss.',
            examples: ['INV*.txt', 'INV_{yyyyMMdd_HHmmss}.csv'],
          },
          kind: {
            enum: ['full', 'delta'],
            description: 'Everything that there is, or what has changed. Default: delta where the name has a time.',
          },
        },
      },
    },
    format: {
      enum: ['csv', 'json', 'ndjson', 'xml', 'parquet', 'arrow', 'xlsx'],
      description: "What the files hold, where their extension doesn't say.",
    },
    encoding,
    delimiter: { ...character, description: 'CSV: what separates fields. Default: found by the header.' },
    quote: { ...character, description: 'CSV: what encloses a field. Default: ".' },
    path: { type: 'string', minLength: 1, description: 'JSON: names joined by dots that lead to the array of rows.' },
    element: { type: 'string', minLength: 1, description: 'XML: the element that is a row, by name or by path.' },
    sheet: {
      anyOf: [
        { type: 'string', minLength: 1 },
        { type: 'integer', minimum: 1 },
      ],
      description: 'Excel: a name, or a number from 1. Default: the first.',
    },
    header_row: { type: 'integer', minimum: 1, description: 'Excel: the row that names the columns, from 1.' },
  },
} as const;

/** Files that are dropped into the dealer's folder, through a share or straight into the container. */
export const file = { source: sourceSettings, entity: entitySettings } as const;

export const fileSourceSettings = sourceSettings;
export const fileEntitySettings = entitySettings;
