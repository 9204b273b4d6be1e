import { AdpError } from '../errors.ts';
import { damaged } from './damage.ts';
import type { FormatRow, ReadOptions } from './format.ts';
import type { RandomAccess } from './randomAccess.ts';
import { decodeText } from './text.ts';
import {
  type PackageParts,
  readRelations,
  readSharedTexts,
  readStyles,
  readWorkbook,
  type Sheet,
} from './xlsxParts.ts';
import { SheetReader } from './xlsxSheet.ts';
import { readZipMember, readZipMembers } from './zip.ts';

const maxPartBytes = 8 * 1024 ** 3;
const maxRatio = 250;

/** The pages of rows. Throws what `xlsx` says. */
export async function* readXlsx(file: RandomAccess, options: ReadOptions): AsyncGenerator<FormatRow[]> {
  const parts = await openParts(file);
  const main = (await readRelations(parts, '')).find(({ type }) => type === 'officeDocument');
  if (!main || !parts.has(main.target) || !main.target.endsWith('.xml')) {
    throw damaged('The file is no Excel workbook of the kind .xlsx.');
  }
  const relations = await readRelations(parts, main.target);
  const { sheets, isFrom1904 } = await readWorkbook(parts, main.target, relations);
  const sheet = chooseSheet(sheets, options.sheet);
  const targetOf = (kind: string) => relations.find(({ type }) => type === kind)?.target;
  const reader = new SheetReader({
    ...options,
    texts: await readSharedTexts(parts, targetOf('sharedStrings')),
    styles: await readStyles(parts, targetOf('styles')),
    isFrom1904,
    onHeader: (columns) => options.onSniffed?.({ format: 'xlsx', sheet: sheet.name, columns }),
  });
  for await (const text of parts.read(sheet.target)) {
    yield reader.push(text);
  }
  yield reader.end();
}

async function openParts(file: RandomAccess): Promise<PackageParts> {
  const members = new Map((await readZipMembers(file)).map((member) => [member.name, member]));
  return {
    has: (name) => members.has(name),
    async *read(name) {
      const member = members.get(name);
      if (!member) {
        throw damaged(`The workbook lacks its part ${name}.`);
      }
      yield* decodeText(readZipMember(file, member, { maxBytes: maxPartBytes, maxRatio }));
    },
  };
}

function chooseSheet(sheets: readonly Sheet[], asked: string | number = 1): Sheet {
  const sheet = typeof asked === 'number' ? sheets[asked - 1] : sheets.find(({ name }) => name === asked);
  if (!sheet) {
    const names = sheets.map(({ name }) => JSON.stringify(name)).join(', ');
    throw new AdpError('CONFIG_ERROR', `The workbook has no sheet ${JSON.stringify(asked)}; it has ${names}.`);
  }
  return sheet;
}
