import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { FormatRow } from '../../shared/formats/format.ts';
import { json } from '../../shared/formats/json.ts';
import { findJsonFault } from '../../shared/formats/jsonFault.ts';
import { JsonReader } from '../../shared/formats/jsonReader.ts';
import { surveyJson } from '../../shared/formats/jsonSurvey.ts';
import { ndjson } from '../../shared/formats/ndjson.ts';
import { NdjsonReader } from '../../shared/formats/ndjsonReader.ts';
import { NumberLiteral } from '../../shared/model/literal.ts';
import { cutAt, errorsOf, readPieces, readRows, valuesOf } from '../helpers/formatRows.ts';

const bytes = (text: string) => Buffer.from(text);
/** The numbers that need a second look. */
function unusualNumbers(text: string): string[] {
  const places = surveyJson(bytes(text), 0, bytes(text).length, 32)?.places ?? [];
  return places.flatMap((place, index) => (index % 2 === 0 ? [text.slice(place, places[index + 1])] : []));
}

/** A reader that takes text instead of bytes. */
function ofText(reader: { push(utf8: Buffer): FormatRow[]; end(): FormatRow[] }) {
  return { push: (text: string) => reader.push(bytes(text)), end: () => reader.end() };
}

/** A number by the grammar of RFC 8259. */
const digits = fc.stringMatching(/^[0-9]{1,9}$/);
const numberText = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.oneof(fc.constant('0'), fc.stringMatching(/^[1-9][0-9]{0,24}$/)),
    fc.oneof(
      fc.constant(''),
      digits.map((fraction) => `.${fraction}`),
    ),
    fc.oneof({ weight: 4, arbitrary: fc.constant('') }, fc.stringMatching(/^[eE][+-]?[0-9]{1,3}$/)),
  )
  .map((parts) => parts.join(''));

const expected = (text: string) => (`${Number(text)}` === text ? Number(text) : new NumberLiteral(text));

describe('numbers', () => {
  test.each([
    '10.50',
    '1e3',
    '1E3',
    '12345678901234567890',
    '-0',
    '0.0',
    '0.0000001',
    '1e400',
    '9007199254740993',
    '-0.0',
  ])('%s keeps its text', async (text) => {
    expect(valuesOf(await readRows(json, `[{"a":${text}}]`))).toEqual([{ a: new NumberLiteral(text) }]);
    expect(valuesOf(await readRows(ndjson, `{"a":${text}}`))).toEqual([{ a: new NumberLiteral(text) }]);
  });

  test.each(['0', '7', '-7', '100', '-10', '0.5', '-0.5', '10.5', '0.000001', '123456789012345', '-1234567.25'])(
    '%s is a plain number, and its text needs no second look',
    async (text) => {
      expect(valuesOf(await readRows(json, `[{"a":${text}}]`))).toEqual([{ a: Number(text) }]);
      expect(unusualNumbers(`[{"a":${text}}]`)).toEqual([]);
    },
  );

  test('in any form, anywhere in a body, keep their text if JavaScript would print another', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(numberText, { minLength: 1 }), fc.string(), async (numbers, other) => {
        const row = `{"s":${JSON.stringify(other)},"n":[ ${numbers.join(' ,\n')}],"o":{"${numbers[0]}":${numbers[0]}}}`;
        const read = { s: other, n: numbers.map(expected), o: { [`${numbers[0]}`]: expected(`${numbers[0]}`) } };
        expect(valuesOf(await readRows(json, `[${row},{"s":1}]`))).toEqual([read, { s: 1 }]);
        expect(valuesOf(await readRows(ndjson, `${row.replaceAll('\n', '\r')}\r\n{"s":1}`))).toEqual([read, { s: 1 }]);
      }),
    );
  });

  test('in text are no numbers', () => {
    expect(unusualNumbers('[{"10.50":"1e3","a\\"":"\\\\","b":"-0 1.0","c":"\\\\\\" 1.0"}]')).toEqual([]);
    expect(unusualNumbers('[{"a":"\\\\","b":1.0,"c":-1E+7}]')).toEqual(['1.0', '-1E+7']);
  });
});

test.each(['\\u0001', '\\u0002'])('text that looks like what marks a number on its way is text: %s', async (text) => {
  const body = `[{"a":["${text}","10.50"],"b":10.50,"__proto__":1.0,"c":{"d":[2.0,[3]]},"e":[{"f":null}]}]`;
  const [row] = valuesOf(await readRows(json, body));
  expect(Object.entries(row ?? {})).toEqual([
    ['a', [JSON.parse(`"${text}"`), '10.50']],
    ['b', new NumberLiteral('10.50')],
    ['__proto__', new NumberLiteral('1.0')],
    ['c', { d: [new NumberLiteral('2.0'), [3]] }],
    ['e', [{ f: null }]],
  ]);
});

describe('rows', () => {
  test('any JSON objects come back as they were', async () => {
    const rows = fc.array(fc.dictionary(fc.string(), fc.jsonValue()));
    await fc.assert(
      fc.asyncProperty(rows, fc.constantFrom('array', 'records'), async (objects, root) => {
        const text = JSON.stringify(objects);
        const body = root === 'array' ? text : `{"total":1,"records":${text}}`;
        const plain = (values: unknown) => JSON.parse(JSON.stringify(values, literalAsNumber));
        expect(plain(valuesOf(await readRows(json, body, { maxDepth: 100 })))).toEqual(JSON.parse(text));
        const lines = objects.map((row) => JSON.stringify(row)).join('\r\n');
        expect(plain(valuesOf(await readRows(ndjson, lines, { maxDepth: 100 })))).toEqual(JSON.parse(text));
      }),
    );
  });

  test('that are no objects fail alone', async () => {
    const read = await readRows(json, '[{"a":1},null,[1],"text",1.0,{"a":2}]');
    expect(valuesOf(read)).toEqual([{ a: 1 }, { a: 2 }]);
    expect(errorsOf(read).map(({ row, raw }) => [row, raw])).toEqual([
      [2, 'null'],
      [3, '[1]'],
      [4, '"text"'],
      [5, '1.0'],
    ]);
  });

  test('have the last of equal names, and come in pages of a thousand', async () => {
    expect(valuesOf(await readRows(json, '[{"a":1,"a":2}]'))).toEqual([{ a: 2 }]);
    const sizes: number[] = [];
    for await (const page of json.read(ReadableStream.from([bytes(JSON.stringify(Array(2_500).fill({})))]))) {
      sizes.push(page.length);
    }
    expect(sizes).toEqual([1_000, 1_000, 500]);
  });

  test.each(['{}', '{"records":{}}', '{"rows":[]}', '5', '1.0', 'null', '"text"'])('%s is no body', async (body) => {
    await expect(readRows(json, body)).rejects.toMatchObject({
      disposition: 'park',
      message: expect.stringContaining('must be an array of rows'),
    });
  });
});

describe('broken JSON', () => {
  test.each([
    ['', 'column 1: it ends too early'],
    ['[{"a":1}', 'column 9: it ends too early'],
    ['[{"a":1},]', 'column 10: unexpected "]"'],
    ['[{"a":1}]x', 'column 10: unexpected "x"'],
    ['[\n {"a": nul}]', 'line 2, column 8: unexpected "n"'],
    ['[{"a":"\t"}]', 'column 8: unexpected "\\t"'],
    ['[{"a":"\\x"}]', 'column 8: unexpected "\\\\"'],
    ['[{a:1}]', 'column 3: unexpected "a"'],
    ['[01]', 'column 3: unexpected "1"'],
    ['[{"a" 1}]', 'column 7: unexpected "1"'],
    ['[{10.50:1}]', 'column 3: unexpected "1"'],
    ['[1.2.30]', 'column 5: unexpected "."'],
    ['[-01.50]', 'column 4: unexpected "1"'],
    ['[1.0e]', 'column 5: unexpected "e"'],
    ['["a"1.0]', 'column 5: unexpected "1"'],
    ['[1.01e5.0]', 'column 8: unexpected "."'],
  ])('%j is broken at %s', async (body, message) => {
    await expect(readRows(json, body)).rejects.toThrow(`The JSON is broken at ${message}.`);
  });

  test('is found wherever JSON.parse finds it, and nowhere else', () => {
    const anyJson = fc.json();
    const torn = fc
      .tuple(anyJson, fc.nat(), fc.constantFrom('', '"', ',', '}', ']', '\\', '0', '-', 'e', ' ', '\n', ':'))
      .map(
        ([text, at, extra]) => text.slice(0, at % (text.length + 1)) + extra + text.slice((at % (text.length + 1)) + 1),
      );
    const noise = fc.string({
      unit: fc.constantFrom('[', ']', '{', '}', '"', ',', ':', '1', '-', '.', 'e', '\\', 'null'),
    });
    fc.assert(
      fc.property(fc.oneof(anyJson, torn, noise), (text) => {
        let isBroken = false;
        try {
          JSON.parse(text);
        } catch {
          isBroken = true;
        }
        expect(findJsonFault(text) !== undefined).toBe(isBroken);
      }),
      { numRuns: 2_000 },
    );
  });

  test('16 million brackets are refused before they are parsed', async () => {
    for (const open of ['[', '{"a":', '[{"a":']) {
      const body = open.repeat(16_000_000 / open.length);
      await expect(readRows(json, body)).rejects.toThrow('32 levels');
    }
  });
});

describe('a JSON array', () => {
  const token = fc.constantFrom(
    '[',
    ']',
    '{',
    '}',
    '"a":',
    '"records":',
    '"b"',
    ',',
    '1',
    '2.50',
    ' ',
    '\n',
    '{"a":1},',
    '{"é":"🛠,]"}',
  );
  const rows = fc.array(fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), fc.jsonValue({ maxDepth: 2 })), {
    maxLength: 6,
  });
  const body = fc.oneof(
    fc.string({ unit: token, maxLength: 30 }),
    rows.map((objects) => JSON.stringify(objects)),
    fc.tuple(rows, token, fc.nat()).map(([objects, extra, at]) => {
      const text = JSON.stringify({ total: [1, { records: 1 }], records: objects, next: '"]' }, null, 1);
      return (
        text.slice(0, at % (2 * text.length)) + (at < text.length ? extra : '') + text.slice(at % (2 * text.length))
      );
    }),
  );

  test('gives the same rows, or the same error, whatever the pieces in which it comes', () => {
    fc.assert(
      fc.property(body, fc.array(fc.nat(), { maxLength: 12 }), (text, places) => {
        const whole = readPieces(ofText(new JsonReader()), [text]);
        for (const pieces of [
          cutAt(text, places)
            .map((piece) => piece.toWellFormed())
            .join('') === text
            ? cutAt(text, places)
            : [text],
          [...text],
        ]) {
          const read = readPieces(ofText(new JsonReader()), pieces);
          expect(read.error).toBe(whole.error);
          // Rows before the fault come or not: the body as a whole is refused.
          expect(whole.error ?? read.rows).toEqual(whole.error ?? whole.rows);
        }
      }),
      { numRuns: 3_000 },
    );
  });

  test('is taken just where JSON.parse takes it, and has its elements', () => {
    fc.assert(
      fc.property(body, (text) => {
        const { rows: read, error } = readPieces(ofText(new JsonReader({ maxDepth: 100 })), [...text]);
        let root: unknown;
        try {
          root = JSON.parse(text);
        } catch {
          expect(error).toContain('broken');
          return;
        }
        const elements = typeof root === 'object' && root !== null && 'records' in root ? root.records : root;
        if (error !== undefined) {
          expect(Array.isArray(elements) && !error.includes('more than once')).toBe(false);
          return;
        }
        const objects = Array.isArray(elements)
          ? elements.filter((one) => typeof one === 'object' && one !== null && !Array.isArray(one))
          : [];
        expect(JSON.parse(JSON.stringify(valuesOf(read), literalAsNumber))).toEqual(objects);
      }),
      { numRuns: 3_000 },
    );
  });

  test.each([
    ['data.items', '{"items":[1],"data":{"x":{"items":[2]},"items" : [{"a":1}]},"data2":[]}', [{ a: 1 }]],
    ['é', '{"\\u00e9":[{"a":1}]}', [{ a: 1 }]],
    ['a.b.c', '{"a":{"b":{"d":{},"c":[{"a":1},{"a":2}]}}}', [{ a: 1 }, { a: 2 }]],
    ['rows', '{"rows":[]}', []],
  ])('is found at %s', async (path, text, expectedRows) => {
    const seen: unknown[] = [];
    const read = await readRows(json, text, { path, onSniffed: (sniffed) => seen.push(sniffed) }, 1);
    expect(valuesOf(read)).toEqual(expectedRows);
    expect(seen).toEqual([{ format: 'json', encoding: 'utf-8', path }]);
  });

  test.each([
    ['data.items', '[{"a":1}]', 'no array of rows at "data.items"; its root is an array of 1'],
    ['data.items', '{"data":{"items":{}}}', 'no array of rows at "data.items"'],
    ['data.items', '{"data":{"items":[]},"data":{}}', 'names "data.items" more than once'],
    ['records', '{"records":[{"a":1}],"records":[]}', 'names "records" more than once'],
  ])('is not found at %s of %s', async (path, text, message) => {
    await expect(readRows(json, text, { path })).rejects.toThrow(message);
  });

  test('has rows far longer than the blocks in which they are decoded', async () => {
    const rows = [1, 2, 3].map((at) => ({ a: Array.from({ length: 60_000 }, (_, index) => `${at}-${index}`) }));
    for (const size of [1_000, 65_536, 1_000_000]) {
      expect(valuesOf(await readRows(json, JSON.stringify(rows), {}, size))).toEqual(rows);
    }
  });

  test('of a single endless row is refused at the limit', async () => {
    const text = `[{"a":"${'x'.repeat(200_000)}"}]`;
    await expect(readRows(json, text, { maxFieldLength: 100 })).rejects.toThrow('1,600 bytes of a row');
    await expect(
      readRows(json, `{"b":"${'x'.repeat(200_000)}","records":[]}`, { maxFieldLength: 100 }),
    ).rejects.toThrow('1,600 bytes of what is around the rows');
  });
});

describe('NDJSON', () => {
  test('keeps line numbers over blank and broken lines', async () => {
    const read = await readRows(ndjson, '{"a":1}\r\n\n  \t\n{"a":\n[1]\n{"a":2}');
    expect(read).toEqual([
      { row: 1, values: { a: 1 } },
      { row: 4, error: 'The JSON is broken at column 6: it ends too early.', raw: '{"a":' },
      { row: 5, error: expect.stringContaining('must be an object'), raw: '[1]' },
      { row: 6, values: { a: 2 } },
    ]);
  });

  test('a line that is too long fails alone, and takes no more memory than a line may', () => {
    const reader = ofText(new NdjsonReader({ maxFieldLength: 3_000 }));
    const rows = [...reader.push('{"a":1}\n{"a":"')];
    for (let piece = 0; piece < 5_000; piece += 1) {
      rows.push(...reader.push('x'.repeat(1_000)));
    }
    rows.push(...reader.push('"}\n{"a":2}'), ...reader.end());
    expect(rows).toEqual([
      { row: 1, values: { a: 1 } },
      { row: 2, error: 'The line is longer than 3000 bytes.', raw: `{"a":"${'x'.repeat(1_994)}` },
      { row: 3, values: { a: 2 } },
    ]);
  });

  test('a line of just the limit is taken, its CRLF not counted, in one piece or more', () => {
    const line = `{"a":"${'x'.repeat(8_992)}"}`;
    for (const [maxFieldLength, isTaken] of [
      [9_000, true],
      [8_999, false],
    ] as const) {
      for (const pieces of [[`${line}\r\n`], [line, '\r', '\n'], [line.slice(0, 10), `${line.slice(10)}\r\n`]]) {
        const { rows } = readPieces(ofText(new NdjsonReader({ maxFieldLength })), pieces);
        expect(valuesOf(rows)).toHaveLength(isTaken ? 1 : 0);
        expect(errorsOf(rows)).toHaveLength(isTaken ? 0 : 1);
      }
    }
  });

  test('the pieces in which a text comes never matter', () => {
    const unit = fc.constantFrom('{', '}', '"a"', ':', '1', '1.0', '\n', '\n', '\r\n', '\r', ' ', '{"a":1}', 'é', ',');
    fc.assert(
      fc.property(
        fc.string({ unit, maxLength: 60 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        fc.constantFrom(3, 7, 8, 1_000),
        (text, places, maxFieldLength) => {
          const whole = readPieces(ofText(new NdjsonReader({ maxFieldLength })), [text]);
          expect(readPieces(ofText(new NdjsonReader({ maxFieldLength })), cutAt(text, places))).toEqual(whole);
          expect(readPieces(ofText(new NdjsonReader({ maxFieldLength })), text)).toEqual(whole);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

function literalAsNumber(_key: string, value: unknown): unknown {
  return value instanceof NumberLiteral ? Number(value.text) : value;
}

describe('what is around the rows', () => {
  const text = '{"meta":{"total":2,"next":12345678901234567890},"data":{"items":[{"a":1},{"a":2}],"x":[3]},"z":null}';

  test.each([1, 7, 1_000])('is told once, without the rows, in chunks of %i', async (size) => {
    const told: unknown[] = [];
    const rows = await readRows(json, text, { path: 'data.items', onEnvelope: (root) => told.push(root) }, size);
    expect(valuesOf(rows)).toEqual([{ a: 1 }, { a: 2 }]);
    const next = new NumberLiteral('12345678901234567890');
    expect(told).toEqual([{ meta: { total: 2, next }, data: { items: ['rows'], x: [3] }, z: null }]);
  });

  test('is not told of a body that is cut short', async () => {
    const told: unknown[] = [];
    const options = { path: 'data.items', onEnvelope: (root: unknown) => told.push(root) };
    await expect(readRows(json, text.slice(0, -2), options)).rejects.toThrow('broken');
    expect(told).toEqual([]);
  });
});
