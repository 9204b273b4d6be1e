import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { FormatRow, ReadOptions } from '../../shared/formats/format.ts';
import { JsonReader } from '../../shared/formats/jsonReader.ts';
import { JsonTexts } from '../../shared/formats/jsonTexts.ts';
import { NdjsonReader } from '../../shared/formats/ndjsonReader.ts';
import { NdjsonTexts } from '../../shared/formats/ndjsonTexts.ts';
import { XmlReader } from '../../shared/formats/xmlReader.ts';
import { XmlTexts } from '../../shared/formats/xmlTexts.ts';
import { type Known, readTexts } from '../helpers/readTexts.ts';

/** What was read, or that it was refused; rows that were passed by have no number. */
function outcome(read: () => FormatRow[]): readonly unknown[] | 'refused' {
  try {
    return read().map((row) => ('values' in row ? row.values : row.error));
  } catch (error) {
    expect(error).toMatchObject({ code: 'DATA_ERROR' });
    return 'refused';
  }
}

const sizes = fc.record({ piece: fc.integer({ min: 1, max: 90 }), room: fc.integer({ min: 30, max: 400 }) });

/** A text with some of it left out, doubled, or something put in: most are broken in a new way. */
const damage = fc.array(
  fc.record({
    at: fc.nat(400),
    cut: fc.nat(9),
    put: fc.constantFrom(
      '',
      '<',
      '>',
      '"',
      "'",
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      '<row>',
      '</row>',
      '/>',
      '&',
      '\n',
      '<?',
      '?>',
      'x',
      '<!DOCTYPE x>',
      '{',
      '}',
      '[',
      ']',
      ',',
      ',,',
      ' ',
      '\\',
      '1',
      ':',
      '},{',
      '"rows":[]',
      '\u00fc',
    ),
  }),
  { maxLength: 3 },
);

function damaged(text: string, changes: readonly { at: number; cut: number; put: string }[]): string {
  let changed = text;
  for (const { at, cut, put } of changes) {
    const place = at % (changed.length + 1);
    changed = changed.slice(0, place) + put + changed.slice(place + cut);
  }
  return changed.toWellFormed();
}

describe('the rows of XML, told apart without being read', () => {
  const documents = [
    '<?xml version="1.0"?>\n<rows xmlns:n="u" ><row><id>1</id></row>\n  <row a="&lt;>"/><!-- <row> --><n:row>x<y/></n:row></rows>',
    '<r xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><row><a xsi:nil="true"/></row><row><a>1</a></row><row/></r>',
    '<r xmlns:xsi="other"><row><a xsi:nil="true"/></row><row><a>1</a></row><row><![CDATA[<row>]]><b>&#228;</b></row></r>\n',
    '<data><head><row>1</row></head><rows>\n<row><id>1</id><row>in</row></row>\r\n<row><id>2</id></row>text</rows></data>',
    "<rows><row a=\"/>\" b='\"/>'><c>1</c></row><row a='/>'><!-- > </row> --><c>2</c></row></rows>",
    "<rows><row a='>' b=\"'\"><?p <row> ?><c>ü</c></row ><row><c>\u{1f600}</c></row>\n\n</rows ><!-- end -->",
  ];
  const elements: readonly (string | undefined)[] = [undefined, 'row', 'data/rows/row', 'rows/row', 'r/row'];

  test('are those that the reader finds, whatever is wrong with the text, and however it comes', () => {
    const known = new Map(elements.map((element) => [element, new Map() as Known]));
    fc.assert(
      fc.property(
        fc.constantFrom(...documents),
        fc.constantFrom(...elements),
        damage,
        sizes,
        (text, element, changes, size) => {
          const data = damaged(text, changes);
          const options: ReadOptions = element === undefined ? {} : { element };
          const whole = outcome(() => {
            const reader = new XmlReader(options);
            return [...reader.push(data), ...reader.end()];
          });
          const before = known.get(element) ?? new Map();
          const cut = outcome(() => readTexts(new XmlTexts(options), data, before, size.piece, size.room));
          expect(cut).toEqual(whole);
        },
      ),
      { numRuns: 4_000 },
    );
    // Rows were passed by, too: else nothing was shown.
    expect(known.get('row')?.size).toBeGreaterThan(20);
  });

  test('are counted, and errors behind those that are passed by say where they are', () => {
    const known: Known = new Map();
    const rows = ['<row><a>1</a></row>', '<row><a>2</a></row>', '<row><a>3</a></row>'];
    readTexts(new XmlTexts(), `<r>${rows.join('')}</r>`, known, 1_000, 1_000);
    const changed = `<r>${rows.join('\n')}<row><a>4</a></row></r>`;
    expect(readTexts(new XmlTexts(), changed, known, 1_000, 1_000).at(-1)).toEqual({ row: 4, values: { a: '4' } });
    const broken = `<r>${rows.join('\n')}<row><a>5</b></row></r>`;
    expect(() => readTexts(new XmlTexts(), broken, known, 1_000, 1_000)).toThrow('broken at row 4 or behind it');
  });

  test('mean what their namespaces say, and are read again where these have changed', () => {
    const known: Known = new Map();
    const read = (uri: string) =>
      readTexts(new XmlTexts(), `<r xmlns:i="${uri}"><row><a i:nil="true"/></row></r>`, known, 1_000, 1_000);
    expect(read('http://www.w3.org/2001/XMLSchema-instance')).toEqual([{ row: 1, values: { a: null } }]);
    expect(read('another')).toEqual([{ row: 1, values: { a: { nil: 'true' } } }]);
  });
});

describe('the lines of NDJSON, told apart without being read', () => {
  const line = fc.constantFrom(
    '{"a":1}',
    '{"a":2.50}',
    '',
    ' ',
    '\t',
    '[1]',
    '{"a":',
    '{"a":"ü\u{1f600}"}',
    `{"a":"${'x'.repeat(60)}"}`,
    '\r',
  );

  test('are those that the reader finds, with the same numbers', () => {
    const known: Known = new Map();
    const ends = fc.constantFrom('\n', '\r\n');
    fc.assert(
      fc.property(fc.array(fc.tuple(line, ends)), fc.boolean(), sizes, (lines, isOpen, { piece, room }) => {
        const data = lines.map(([text, end]) => text + end).join('') + (isOpen ? '{"a":3}' : '');
        const options = { maxFieldLength: 50 };
        const reader = new NdjsonReader(options);
        const whole = [...reader.push(Buffer.from(data)), ...reader.end()];
        expect(readTexts(new NdjsonTexts(options), data, undefined, piece, room)).toEqual(whole);
        expect(outcome(() => readTexts(new NdjsonTexts(options), data, known, piece, room))).toEqual(
          outcome(() => whole),
        );
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('the elements of a JSON array, told apart without being read', () => {
  const documents = [
    '[{"id":1},{"id":2.50} ,\n{"id":"3","a":{"b":[1,2,{"c":"}]"}]}}]',
    ' [ {"id":"\\"},{"} , {"id":"\\\\"},{"a\\u0022":"\u{1f600}ü"}\r\n,\t{ } ] \n',
    '[{"id":1},null,{"id":1}, "x,]" ,[{"id":1}],-1.0e3,true,{"id":2}]',
    '{"count":2,"rows":[{"id":1},{"id":2}],"next":{"rows":[{"id":3}]}}',
    '{"head":{"rows":[{"id":0}]},"rows" : [{"id":1},{"id":1},{"id":2}] , "tail":[1,"]"]}',
    '{"records":[{"id":1},{"records":[{"id":9}]}],"a":{"rows":[{"id":2},{"id":"1"}]}}',
    '[]',
    '{"rows":[ ]}',
    '[{"id":[[[[1]]]]},{"id":1}]',
    '[{"id":1},{"id":[[[[[1]]]]]}]',
    '{"rows":[{"id":[[[1]]]}]}',
    '{"rows":[{"id":[[[[1]]]]}]}',
    `[{"id":"${'x'.repeat(150)}"},{"id":1},{"id":"${'y,{'.repeat(60)}"},{"id":2},{"id":3}]`,
  ];
  const paths: readonly (string | undefined)[] = [undefined, 'rows', 'a.rows', 'head.rows'];

  async function read(data: string, options: ReadOptions, known: Known | undefined, piece: number, room: number) {
    async function* pieces() {
      const bytes = Buffer.from(data);
      // The same memory for each piece, as a decoder does it.
      const memory = Buffer.alloc(piece);
      for (let at = 0; at < bytes.length; at += piece) {
        yield memory.subarray(0, bytes.copy(memory, 0, at, at + piece));
      }
    }
    const { texts, bytes } = await JsonTexts.open(pieces(), options);
    const rest: Buffer[] = [];
    for await (const chunk of bytes) rest.push(Buffer.from(chunk));
    return readTexts(texts, Buffer.concat(rest), known, piece, room);
  }

  const taken = (rows: readonly FormatRow[]) => rows.map((row) => ('values' in row ? row.values : row));

  async function tried(rows: () => Promise<readonly unknown[]>): Promise<readonly unknown[] | 'refused'> {
    try {
      return await rows();
    } catch (error) {
      expect(error).toMatchObject({ code: 'DATA_ERROR', disposition: 'park' });
      return 'refused';
    }
  }

  test('are those that the reader finds, whatever is wrong with the text, and however it comes', async () => {
    // A text that was taken at one depth may be too deep at another.
    const knownAt = new Map(paths.map((path) => [path, new Map() as Known]));
    let passed = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...documents),
        fc.constantFrom(...paths),
        fc.oneof(fc.constant([]), damage),
        sizes,
        async (text, path, changes, { piece, room }) => {
          const data = damaged(text, changes);
          const options: ReadOptions = path === undefined ? { maxDepth: 6 } : { path, maxDepth: 6 };
          const whole = await tried(async () => {
            const reader = new JsonReader(options);
            return [...reader.push(Buffer.from(data)), ...reader.end()];
          });
          if (whole === 'refused') refused += 1;
          // Nothing is known: all rows have their numbers.
          expect(await tried(() => read(data, options, undefined, piece, room))).toEqual(whole);
          const known = knownAt.get(path) ?? new Map();
          const before = known.size;
          const cut = await tried(async () => taken(await read(data, options, known, piece, room)));
          expect(cut).toEqual(typeof whole === 'string' ? whole : taken(whole as FormatRow[]));
          if (known.size === before && cut.length > 0) passed += 1;
        },
      ),
      { numRuns: 3_000 },
    );
    expect(Math.min(passed, refused)).toBeGreaterThan(200);
  });

  test('are numbered, and what is wrong says behind which row', async () => {
    const known: Known = new Map();
    await read('[{"a":1},{"a":2}]', {}, known, 100, 1_000);
    expect(await read('[{"a":1},{"a":2},{"a":3},7]', {}, known, 100, 1_000)).toEqual([
      { row: -1, values: { a: 1 } },
      { row: -1, values: { a: 2 } },
      { row: 3, values: { a: 3 } },
      { row: 4, error: 'A row must be an object; this is a number.', raw: '7' },
    ]);
    const refusal = (data: string, options: ReadOptions = {}) => read(data, options, known, 100, 1_000);
    await expect(refusal('[{"a":1},{"a":2}\n,{"b":x}]')).rejects.toThrow(
      'The JSON is broken at column 6 of row 3: unexpected "x".',
    );
    await expect(refusal('[{"a":1},{"a":2};{"a":3}]')).rejects.toThrow(
      'The JSON is broken at column 1 behind row 2: unexpected ";".',
    );
    await expect(refusal('[{"a":1},{"a":2},]')).rejects.toThrow('column 2 behind row 2: unexpected "]".');
    await expect(refusal('[{"a":1},{"a":2}')).rejects.toThrow('behind row 2: it ends too early.');
    await expect(refusal('[{"a":1}] x')).rejects.toThrow('column 3 behind row 1: unexpected "x".');
    await expect(refusal('{"r":[{"a":1}],"r":[]}', { path: 'r' })).rejects.toThrow('names "r" more than once');
    await expect(refusal('{"r":1}', { path: 'r' })).rejects.toThrow('no array of rows at "r"');
  });
});
