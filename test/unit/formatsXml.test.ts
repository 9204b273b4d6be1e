import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encode } from 'iconv-lite';
import { isLimitExceeded } from '../../shared/formats/limits.ts';
import { xml } from '../../shared/formats/xml.ts';
import { XmlReader } from '../../shared/formats/xmlReader.ts';
import { cutAt, errorsOf, readPieces, readRows, valuesOf } from '../helpers/formatRows.ts';

const xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';
const row = async (inner: string) => valuesOf(await readRows(xml, `<rows ${xsi}>${inner}</rows>`))[0];

describe('a row', () => {
  test.each<[string, string, Record<string, unknown>]>([
    ['elements are fields, with their text as it is', '<r><a> 1 </a><b/><c></c></r>', { a: ' 1 ', b: '', c: '' }],
    ['attributes are fields', '<r id="1" b="2"/>', { id: '1', b: '2' }],
    ['an element wins over an attribute', '<r a="1"><a>2</a></r>', { a: '2' }],
    ['repeated elements are an array', '<r a="0"><a>1</a><b>2</b><a>3</a><a/></r>', { a: ['1', '3', ''], b: '2' }],
    ['elements in elements are objects', '<r><a><b>1</b><c><d>2</d></c></a></r>', { a: { b: '1', c: { d: '2' } } }],
    ['an element with attributes is an object', '<r><q unit="ea"> 5 </q></r>', { q: { unit: 'ea', '#text': '5' } }],
    [
      'text beside elements is trimmed',
      '<r><a>\n <b>1</b> x <c/>y\n</a></r>',
      { a: { b: '1', c: '', '#text': 'x y' } },
    ],
    [
      'nil is null',
      '<r><a xsi:nil="true"/><b xsi:nil="1"></b><c xsi:nil="false">1</c></r>',
      { a: null, b: null, c: '1' },
    ],
    ['other attributes of xsi are no data', '<r xsi:type="x"><a xsi:type="xs:string">1</a></r>', { a: '1' }],
    [
      'prefixes and declarations are left out',
      '<x:r xmlns:x="urn:x" xmlns="urn:y"><x:a x:b="1"/></x:r>',
      { a: { b: '1' } },
    ],
    ['CDATA is text', '<r><a>1<![CDATA[<b>&amp;]]>2</a></r>', { a: '1<b>&amp;2' }],
    ['comments and instructions are nothing', '<r><!-- x --><a>1<!-- y -->2<?z z?></a></r>', { a: '12' }],
    [
      'entities and character references',
      '<r a="&quot;"><b>&lt;&gt;&amp;&apos;&#65;&#x1F6E0;</b></r>',
      { a: '"', b: "<>&'A🛠" },
    ],
    ['line ends become LF', '<r><a>1\r\n2\r3</a></r>', { a: '1\n2\n3' }],
    ['no fields at all', '<r/>', {}],
  ])('%s', async (_name, inner, expected) => {
    expect(await row(inner)).toEqual(expected);
  });

  test('that is text or nil alone fails alone, and rows are counted from 1', async () => {
    const read = await readRows(
      xml,
      `<rows ${xsi}><r><a>1</a></r>\n<r>oops</r><other xsi:nil="true"/><r><a>2</a></r></rows>`,
    );
    expect(read.map((each) => each.row)).toEqual([1, 2, 3, 4]);
    expect(valuesOf(read)).toEqual([{ a: '1' }, { a: '2' }]);
    expect(errorsOf(read)).toEqual([
      { row: 2, error: 'The element r has text, but no fields.', raw: 'oops' },
      { row: 3, error: 'The element other is nil.', raw: '' },
    ]);
  });
});

describe('the row element', () => {
  const body =
    '<file v="1">text <head><part id="no">not here</part></head><data><parts><part id="1"><part id="2"/></part></parts>' +
    '<parts><x:part xmlns:x="y" id="3"><a>1</a><a>2</a></x:part><other/></parts></data></file>';

  test('is found by its name at any depth; one inside another is a field', async () => {
    expect(valuesOf(await readRows(xml, body, { element: 'part' }))).toEqual([
      { id: 'no', '#text': 'not here' },
      { id: '1', part: { id: '2' } },
      { id: '3', a: ['1', '2'] },
    ]);
    expect(valuesOf(await readRows(xml, body, { element: 'nothing' }))).toEqual([]);
  });

  test('is found by its path from the root', async () => {
    for (const element of ['file/data/parts/part', '/file/data/parts/part']) {
      expect(valuesOf(await readRows(xml, body, { element })).map(({ id }) => id)).toEqual(['1', '3']);
    }
    expect(valuesOf(await readRows(xml, body, { element: 'file/data/parts/none' }))).toEqual([]);
    await expect(readRows(xml, body, { element: 'data/parts/part' })).rejects.toThrow('no element data/parts');
    await expect(readRows(xml, body, { element: 'a//b' })).rejects.toMatchObject({ code: 'CONFIG_ERROR' });
  });

  test('leaves room for any amount of other elements', async () => {
    const other = '<head><a>1234567890</a></head>'.repeat(1_000);
    const read = await readRows(xml, `<f>${other}<p><b>1</b></p>${other}</f>`, { element: 'p', maxFieldLength: 20 });
    expect(valuesOf(read)).toEqual([{ b: '1' }]);
  });
});

test('the encoding is what the declaration says, unless a mark or the option says otherwise', async () => {
  const body = (name: string) => `<?xml version="1.0" encoding="${name}"?><r><p><a>Größe €</a></p></r>`;
  const encodingsOf = async (data: Uint8Array, options = {}) => {
    const seen: unknown[] = [];
    const rows = await readRows(xml, data, { ...options, onSniffed: ({ encoding }) => seen.push(encoding) });
    expect(valuesOf(rows)).toEqual([{ a: 'Größe €' }]);
    return seen;
  };
  expect(await encodingsOf(encode(body('windows-1252'), 'windows-1252'))).toEqual(['windows-1252']);
  expect(await encodingsOf(encode(body('ISO-8859-15'), 'iso-8859-15'))).toEqual(['iso-8859-15']);
  expect(await encodingsOf(Buffer.from(body('UTF-16')))).toEqual(['utf-8']);
  expect(await encodingsOf(Buffer.from(body('UTF-16'), 'utf16le'))).toEqual(['utf-16le']);
  expect(await encodingsOf(Buffer.from(body('UTF-16'), 'utf16le').swap16())).toEqual(['utf-16be']);
  expect(await encodingsOf(Buffer.from(`\uFEFF${body('windows-1252')}`))).toEqual(['utf-8']);
  expect(await encodingsOf(encode(body('utf-8'), 'windows-1252'), { encoding: 'cp1252' })).toEqual(['windows-1252']);
});

describe('a body that is refused as a whole', () => {
  test.each([
    ['a DOCTYPE', '<!DOCTYPE rows [<!ENTITY a "x">]><rows><r>&a;</r></rows>', 'DOCTYPE'],
    ['an unknown entity', '<rows><r><a>&nbsp;</a></r></rows>', 'undefined entity'],
    ['an encoding that is not read', '<?xml version="1.0" encoding="koi8-r"?><rows/>', 'koi8-r'],
    ['text between rows', '<rows><r/>oops<r/></rows>', 'line 1, column'],
    ['tags that do not match', '<rows>\n<r><a></r></rows>', 'line 2, column'],
    ['two roots', '<rows/><rows/>', 'one root'],
    ['an attribute twice', '<rows><r a="1" a="2"/></rows>', 'duplicate attribute'],
    ['an undeclared prefix', '<rows><x:r/></rows>', 'unbound namespace prefix'],
    ['a NUL', '<rows><r><a>\0</a></r></rows>', 'disallowed character'],
    ['no XML', 'part,stock\n1,2', 'outside of root'],
  ])('%s', async (_name, body, message) => {
    await expect(readRows(xml, body)).rejects.toMatchObject({
      code: 'DATA_ERROR',
      disposition: 'park',
      message: expect.stringContaining(message),
    });
  });

  test.each([
    ['a text', `<rows><r><a>${'x'.repeat(101)}</a></r></rows>`],
    ['a text in parts', `<rows><r><a>${'<![CDATA[xxxxxxxxxx]]>'.repeat(11)}</a></r></rows>`],
    ['an attribute', `<rows><r a="${'x'.repeat(101)}"/></rows>`],
    ['a row of many fields', `<rows><r>${'<a>1</a>'.repeat(1_000)}</r></rows>`],
    ['a comment that does not end', `<rows><!-- ${'x'.repeat(200_000)}`],
    ['a tag that does not end', `<rows><r ${' '.repeat(200_000)}`],
  ])('%s that is too long', async (_name, body) => {
    const reason: unknown = await readRows(xml, body, { maxFieldLength: 100 }).catch((error: unknown) => error);
    expect(isLimitExceeded(reason)).toBe(true);
  });

  test('but a text of just the limit, and any number of rows, are taken', async () => {
    const body = `<rows>${`<r><a>${'&#120;'.repeat(100)}</a></r>\n`.repeat(1_000)}</rows>`;
    expect(await readRows(xml, body, { maxFieldLength: 100 })).toHaveLength(1_000);
  });
});

test('the pieces in which a text comes never matter', () => {
  const unit = fc.constantFrom(
    '<r>',
    '</r>',
    '<a b="1">',
    '</a>',
    '<a/>',
    'x',
    '\r',
    '\n',
    '&lt;',
    '🛠',
    '<!-- -->',
    '<![CDATA[',
    ']]>',
  );
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 20 }), fc.array(fc.nat(), { maxLength: 12 }), (inner, places) => {
      const text = `<rows><r><a>${inner}</a></r></rows>`;
      const whole = readPieces(new XmlReader(), [text]);
      const pieces = readPieces(new XmlReader(), cutAt(text, places));
      expect(pieces.error).toBe(whole.error);
      // Rows that were whole before the text breaks come or not: the body as a whole is refused.
      expect(whole.error ?? pieces.rows).toEqual(whole.error ?? whole.rows);
    }),
    { numRuns: 1_000 },
  );
});
