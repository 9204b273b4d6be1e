import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { encode } from 'iconv-lite';
import type { Format, FormatRow, Sniffed } from '../../shared/formats/format.ts';
import { isLimitExceeded } from '../../shared/formats/limits.ts';
import { openFile } from '../../shared/formats/openFile.ts';
import { heldBytes } from '../../shared/formats/randomAccess.ts';
import { formatByExtension, formatByMediaType } from '../../shared/formats/registry.ts';
import { arrowOf, parquetOf } from '../helpers/binaryFiles.ts';
import { errorsOf, inChunks, readRows, valuesOf } from '../helpers/formatRows.ts';
import { textWorkbook } from '../helpers/xlsxOf.ts';
import { zipOf } from '../helpers/zipOf.ts';

interface FormatFixture {
  readonly extension: string;
  /** Undefined where it can't be pushed. */
  readonly mediaType?: string;
  /** Holds each of `rows`. */
  readonly body: string | Buffer;
  readonly rows: readonly Record<string, unknown>[];
  /** Cut here, what is left can't be told from a whole body. */
  readonly looksWhole: (start: string) => boolean;
  /** Nothing at all: how many rows, or an error. */
  readonly empty: 'no rows' | 'error';
  /** A row with a field named `__proto__` whose value is `x`. */
  readonly prototypeKey: string | Buffer;
  /** What it is found out to be. */
  readonly sniffed: Sniffed;
  /** A body with `bytes` inside a value, and where they begin; undefined where the format is no text. */
  readonly around?: (bytes: Uint8Array) => Buffer;
  /** One row with a field that is nested this deep, the root included; undefined where nothing nests. */
  readonly nested?: (depth: number) => string;
  /** Whether what is too deep fails its row or the body. */
  readonly tooDeep?: 'row' | 'body';
}

const values = [
  { part_number: 'AB-1', description: 'Ölfilter, "groß" 漢字 🛠', note: 'two\nlines' },
  { part_number: 'AB-2', description: '', note: "it's <&> so" },
  { part_number: 'AB-3', description: ' spaces ', note: '' },
];

const concat = (before: string, after: string) => (bytes: Uint8Array) =>
  Buffer.concat([Buffer.from(before), bytes, Buffer.from(after)]);

const escapeXml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

const columns = ['part_number', 'description', 'note'];
const hostile = [Object.fromEntries([['__proto__', 'x']])];

const fixtures: readonly FormatFixture[] = [
  {
    extension: 'csv',
    mediaType: 'text/csv',
    body: `part_number,description,note\r\n${values
      .map((row) =>
        Object.values(row)
          .map((field) => `"${field.replaceAll('"', '""')}"`)
          .join(','),
      )
      .join('\r\n')}\r\n`,
    rows: values,
    // Within the header's names, before a row's last field (it may be empty), and after it.
    looksWhole: (start) => (start !== '' && !start.includes('\r')) || /[",\r\n]$/.test(start),
    empty: 'error',
    prototypeKey: '__proto__,b\nx,1\n',
    sniffed: { format: 'csv', encoding: 'utf-8', delimiter: ',', quote: '"', columns },
    around: concat('a,b\n1,x', '\n'),
  },
  {
    extension: 'json',
    mediaType: 'application/json',
    body: JSON.stringify(values),
    rows: values,
    looksWhole: () => false,
    empty: 'error',
    prototypeKey: '[{"__proto__":"x"}]',
    sniffed: { format: 'json', encoding: 'utf-8', path: '' },
    around: concat('[{"a":"', '"}]'),
    nested: (depth) => `[{"a":${'['.repeat(depth - 2)}${']'.repeat(depth - 2)}}]`,
    tooDeep: 'body',
  },
  {
    extension: 'ndjson',
    mediaType: 'application/x-ndjson',
    body: values.map((row) => `${JSON.stringify(row)}\n`).join(''),
    rows: values,
    looksWhole: (start) => start === '' || /\}\n?$/.test(start),
    empty: 'no rows',
    prototypeKey: '{"__proto__":"x"}',
    sniffed: { format: 'ndjson', encoding: 'utf-8' },
    around: concat('{"a":"', '"}'),
    nested: (depth) => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`,
    tooDeep: 'row',
  },
  {
    extension: 'xml',
    mediaType: 'application/xml',
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<parts>\n${values
      .map(
        (row) =>
          `  <part>${Object.entries(row)
            .map(([name, value]) => `<${name}>${escapeXml(value)}</${name}>`)
            .join('')}</part>`,
      )
      .join('\n')}\n</parts>`,
    rows: values,
    looksWhole: () => false,
    empty: 'error',
    prototypeKey: '<r><p><__proto__>x</__proto__></p></r>',
    sniffed: { format: 'xml', encoding: 'utf-8' },
    around: concat('<r><p><a>', '</a></p></r>'),
    nested: (depth) => `<r><p>${'<a>'.repeat(depth - 2)}${'</a>'.repeat(depth - 2)}</p></r>`,
    tooDeep: 'body',
  },
  {
    extension: 'parquet',
    body: parquetOf(values),
    rows: values,
    looksWhole: () => false,
    empty: 'error',
    prototypeKey: parquetOf(hostile),
    sniffed: { format: 'parquet', columns },
  },
  {
    extension: 'arrow',
    body: arrowOf(values),
    rows: values,
    looksWhole: () => false,
    empty: 'error',
    prototypeKey: arrowOf(hostile),
    sniffed: { format: 'arrow', columns },
  },
  {
    extension: 'feather',
    body: arrowOf(values, 'file'),
    rows: values,
    looksWhole: () => false,
    empty: 'error',
    prototypeKey: arrowOf(hostile, 'file'),
    sniffed: { format: 'arrow', columns },
  },
  {
    extension: 'xlsx',
    body: textWorkbook(values),
    rows: values.map((row) => Object.fromEntries(Object.entries(row).map(([name, text]) => [name, text || null]))),
    looksWhole: () => false,
    empty: 'error',
    prototypeKey: textWorkbook(hostile),
    sniffed: { format: 'xlsx', sheet: 'Parts', columns },
  },
];

function formatOf(fixture: FormatFixture): Format {
  const format = formatByExtension(`acme_part.${fixture.extension}`);
  if (!format) {
    throw new Error(`No format is registered for .${fixture.extension}`);
  }
  return format;
}

describe.each(fixtures.map((fixture) => [fixture.extension, fixture] as const))('%s', (_name, fixture) => {
  const format = formatOf(fixture);
  const read = (data: Uint8Array | string, options = {}, chunkSize?: number) =>
    readRows(format, data, options, chunkSize);

  test('is found by its media type, whatever the case and parameters, and by its extension', () => {
    if (fixture.mediaType !== undefined) {
      expect(formatByMediaType(fixture.mediaType)).toBe(format);
      expect(formatByMediaType(`${fixture.mediaType.toUpperCase()} ; charset=utf-8`)).toBe(format);
    }
    expect(formatByExtension(`A.B.${fixture.extension.toUpperCase()}`)).toBe(format);
  });

  test('gives the same rows whatever the size of the chunks', async () => {
    const whole = await read(fixture.body);
    expect(valuesOf(whole)).toEqual(fixture.rows);
    for (const size of [1, 2, 3, 7, 64]) {
      expect(await read(fixture.body, {}, size)).toEqual(whole);
    }
  });

  test('gives the same rows from bytes at any place', async () => {
    const bytes = Buffer.from(fixture.body);
    const rows: FormatRow[] = [];
    for await (const page of format.read(heldBytes(bytes))) {
      rows.push(...page);
    }
    expect(rows).toEqual(await read(fixture.body));
  });

  test('says once, before the first row, what it was found out to be', async () => {
    const seen: unknown[] = [];
    const pages = format.read(inChunks(fixture.body, 5), {
      onSniffed: (sniffed) => seen.push(sniffed),
    });
    for await (const _page of pages) {
      expect(seen).toEqual([fixture.sniffed]);
    }
    expect(seen).toHaveLength(1);
  });

  test('stops with what is thrown at being told what it is', async () => {
    const reason = new Error('a column is missing');
    const onSniffed = () => {
      throw reason;
    };
    await expect(read(fixture.body, { onSniffed })).rejects.toBe(reason);
  });

  const packed = [
    ['plain', Buffer.from(fixture.body), ''],
    ['gzip', gzipSync(fixture.body), '.gz'],
    ['zip', zipOf([{ name: `rows.${fixture.extension}`, data: Buffer.from(fixture.body) }]), '.zip'],
  ] as const;
  test.each(packed)('is opened and read as a file, %s', async (_kind, bytes, suffix) => {
    for (const source of [inChunks(bytes, 7), heldBytes(bytes)]) {
      const opened = await openFile(`acme_part.${fixture.extension}${suffix}`, source);
      expect(opened.format).toBe(format);
      const rows: FormatRow[] = [];
      for await (const page of opened.format.read(opened.source)) {
        rows.push(...page);
      }
      expect(valuesOf(rows)).toEqual(fixture.rows);
    }
  });

  const { around } = fixture;
  const text = around ? `${fixture.body}` : undefined;
  const textTest = around ? test : undefined;

  textTest?.('is read in every encoding, by the option', async () => {
    for (const [name, body] of [
      ['utf-16le', text],
      ['UTF-16BE', text],
      ['windows-1252', text?.replace(/漢字 🛠/, '€')],
      ['latin1', text?.replace(/漢字 🛠/, '§')],
      ['ISO-8859-15', text?.replace(/漢字 🛠/, '€')],
    ] as const) {
      const encoded = encode(`${body}`.replace('encoding="UTF-8"', ''), name);
      const expected = valuesOf(await read(`${body}`));
      for (const size of [1, 64]) {
        expect(valuesOf(await read(encoded, { encoding: name }, size))).toEqual(expected);
      }
    }
    await expect(read(fixture.body, { encoding: 'klingon' })).rejects.toMatchObject({
      code: 'CONFIG_ERROR',
      message: expect.stringContaining('windows-1252'),
    });
    await expect(read(encode(`${text}`, 'latin1').fill(0x81, 20, 21), { encoding: 'cp1252' })).rejects.toThrow(
      'byte 20 ',
    );
  });

  textTest?.('gives the same rows with and without a byte order mark', async () => {
    expect(valuesOf(await read(`\uFEFF${fixture.body}`, {}, 1))).toEqual(fixture.rows);
  });

  textTest?.('reads UTF-16 with a byte order mark, of either byte order', async () => {
    const body = `${text}`.replace('UTF-8', 'UTF-16');
    const little = Buffer.from(`\uFEFF${body}`, 'utf16le');
    expect(valuesOf(await read(little, {}, 3))).toEqual(fixture.rows);
    expect(valuesOf(await read(Buffer.from(little).swap16(), {}, 3))).toEqual(fixture.rows);
  });

  test('never takes a body that was cut short for a whole one', async () => {
    const bytes = Buffer.from(fixture.body);
    for (let length = 0; length < bytes.length; length += 1) {
      const start = bytes.subarray(0, length);
      const outcome = await read(start).then(
        (rows) => (errorsOf(rows).length > 0 ? 'row error' : 'silence'),
        () => 'error',
      );
      if (outcome === 'silence' && !fixture.looksWhole(start.toString())) {
        throw new Error(`Silence about a body that ends in ${JSON.stringify(start.toString().slice(-20))}`);
      }
    }
  });

  textTest?.('says where a byte is no UTF-8', async () => {
    for (const bytes of [
      [0xff],
      [0xc3, 0x28],
      [0xe2, 0x82],
      [0xed, 0xa0, 0x80],
      [0xc0, 0xaf],
      [0xf5, 0x80, 0x80, 0x80],
    ]) {
      const broken = around?.(Uint8Array.from(bytes)) ?? Buffer.alloc(0);
      const position = broken.indexOf(Uint8Array.from(bytes));
      for (const size of [1, 64]) {
        await expect(read(broken, {}, size)).rejects.toMatchObject({
          code: 'DATA_ERROR',
          disposition: 'park',
          message: expect.stringContaining(`byte ${position} `),
        });
      }
    }
  });

  test('of an empty body makes what its documentation says', async () => {
    const outcome = read('');
    await (fixture.empty === 'no rows'
      ? expect(outcome).resolves.toEqual([])
      : expect(outcome).rejects.toMatchObject({ code: 'DATA_ERROR', disposition: 'park' }));
  });

  test('keeps a field named __proto__ as data and no prototype changes', async () => {
    const [row] = valuesOf(await read(fixture.prototypeKey));
    expect(Object.getOwnPropertyDescriptor(row, '__proto__')?.value).toBe('x');
    expect(Object.getPrototypeOf(row)).toBe(Object.prototype);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  test('stops at the limit of rows with an error that can be told from others', async () => {
    expect(await read(fixture.body, { maxRows: 3 })).toHaveLength(3);
    const error: unknown = await read(fixture.body, { maxRows: 2 }).catch((reason: unknown) => reason);
    expect(isLimitExceeded(error)).toBe(true);
    expect(error).toMatchObject({
      code: 'DATA_ERROR',
      disposition: 'park',
      message: expect.stringContaining('2 rows'),
    });
    expect(isLimitExceeded(await read(Buffer.from([0xfe, 0xfe])).catch((reason: unknown) => reason))).toBe(false);
  });

  const { nested, tooDeep } = fixture;
  if (nested) {
    test('takes what is as deep as allowed and no deeper, even a million levels', async () => {
      for (const [depth, options] of [
        [5, { maxDepth: 5 }],
        [32, {}],
      ] as const) {
        expect(errorsOf(await read(nested(depth), options))).toEqual([]);
      }
      for (const [depth, options] of [
        [6, { maxDepth: 5 }],
        [33, {}],
        [200_000, {}],
      ] as const) {
        const outcome: unknown = await read(nested(depth), options).catch((reason: unknown) => reason);
        if (tooDeep === 'row') {
          expect(outcome).toEqual([expect.objectContaining({ row: 1, error: expect.stringContaining('levels') })]);
        } else {
          expect(isLimitExceeded(outcome)).toBe(true);
        }
      }
    });
  }

  test('stops with the reason of the signal, before it starts and between pages', async () => {
    const reason = new Error('enough');
    await expect(read(fixture.body, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);

    const controller = new AbortController();
    let chunks = 0;
    async function* endless() {
      for (;;) {
        chunks += 1;
        if (chunks === 3) {
          controller.abort(reason);
        }
        yield Buffer.from(fixture.body).subarray(chunks - 1, chunks);
      }
    }
    const reading = async () => {
      for await (const _page of format.read(endless(), { signal: controller.signal })) {
        // Rows before the signal are fine.
      }
    };
    await expect(reading()).rejects.toBe(reason);
    expect(chunks).toBe(3);
  });

  test('hands on an error of the source as it is, and closes the source when the reader leaves', async () => {
    const broken = new Error('the line was cut');
    async function* failing() {
      yield Buffer.from(fixture.body.slice(0, 10));
      throw broken;
    }
    const reading = async () => {
      for await (const _page of format.read(failing())) {
        // Nothing comes.
      }
    };
    await expect(reading()).rejects.toBe(broken);

    let isClosed = false;
    async function* watched() {
      try {
        yield* inChunks(fixture.body);
      } finally {
        isClosed = true;
      }
    }
    for await (const _page of format.read(watched())) {
      break;
    }
    expect(isClosed).toBe(true);
  });
});

test('what no format claims is found by neither media type nor extension', () => {
  expect(formatByMediaType('application/pdf')).toBeUndefined();
  expect(formatByMediaType('')).toBeUndefined();
  expect(formatByExtension('acme_part.pdf')).toBeUndefined();
  expect(formatByExtension('csv')).toBeUndefined();
});
