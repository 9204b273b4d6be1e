import { zipOf } from './zipOf.ts';

const relationTypes = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';

export interface XlsxShape {
  /** The XML within `sheetData`, by the sheets' names. */
  readonly sheets: Readonly<Record<string, string>>;
  readonly sharedTexts?: readonly string[];
  /** Number formats: a cell's `s="1"` has the first. */
  readonly formats?: readonly string[];
  readonly isFrom1904?: boolean;
  /** Before the root of each part. */
  readonly prolog?: string;
}

/** A workbook with just what a reader needs (ECMA-376). */
export function xlsxOf({ sheets, sharedTexts = [], formats = [], isFrom1904 = false, prolog = '' }: XlsxShape): Buffer {
  const names = Object.keys(sheets);
  const parts: Record<string, string> = {
    '[Content_Types].xml': '<Types/>',
    '_rels/.rels': relationsOf([['officeDocument', '/xl/workbook.xml']]),
    'xl/workbook.xml': `<workbook xmlns:r="${relationTypes}"><workbookPr date1904="${isFrom1904 ? 1 : 0}"/><sheets>${names
      .map((name, index) => `<sheet name="${name}" sheetId="${index + 1}" r:id="r${index}"/>`)
      .join('')}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': relationsOf([
      ...names.map((_name, index) => ['worksheet', `worksheets/sheet${index + 1}.xml`] as const),
      ['sharedStrings', 'sharedStrings.xml'],
      ['styles', 'styles.xml'],
    ]),
    'xl/sharedStrings.xml': `<sst>${sharedTexts.join('')}</sst>`,
    'xl/styles.xml': `<styleSheet><numFmts>${formats
      .map((format, index) => `<numFmt numFmtId="${164 + index}" formatCode="${format.replaceAll('"', '&quot;')}"/>`)
      .join('')}</numFmts><cellXfs><xf numFmtId="0"/>${formats
      .map((_format, index) => `<xf numFmtId="${164 + index}"/>`)
      .join('')}</cellXfs></styleSheet>`,
  };
  for (const [index, name] of names.entries()) {
    parts[`xl/worksheets/sheet${index + 1}.xml`] = `<worksheet><sheetData>${sheets[name]}</sheetData></worksheet>`;
  }
  return zipOf(Object.entries(parts).map(([name, xml]) => ({ name, data: Buffer.from(prolog + xml) })));
}

/** A workbook with one sheet of texts. */
export function textWorkbook(rows: readonly Readonly<Record<string, string>>[]): Buffer {
  const names = Object.keys(rows[0] ?? {});
  const table = [names, ...rows.map((row) => names.map((name) => row[name] ?? ''))];
  const sharedTexts = table.flat().map((text) => `<si><t xml:space="preserve">${escapeXml(text)}</t></si>`);
  const xml = table.map((row, at) => {
    const cells = row.map((text, column) =>
      text === '' ? '' : `<c r="${'ABCDEFG'.charAt(column)}${at + 1}" t="s"><v>${at * names.length + column}</v></c>`,
    );
    return `<row r="${at + 1}">${cells.join('')}</row>`;
  });
  return xlsxOf({ sheets: { Parts: xml.join('') }, sharedTexts });
}

function relationsOf(relations: readonly (readonly [string, string])[]): string {
  const items = relations.map(
    ([type, target], index) => `<Relationship Id="r${index}" Type="${relationTypes}/${type}" Target="${target}"/>`,
  );
  return `<Relationships>${items.join('')}</Relationships>`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
