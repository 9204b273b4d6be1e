import { posix } from 'node:path';
import { damaged } from './damage.ts';
import { limitExceeded } from './limits.ts';
import { builtInStyle, type CellStyle, styleOf } from './xlsxStyle.ts';
import { XmlEvents, type XmlHandlers } from './xmlEvents.ts';

/** The files of a workbook, by their names. */
export interface PackageParts {
  has(name: string): boolean;
  read(name: string): AsyncIterable<string>;
}

/** What one part says of another (ECMA-376, part 2, 6.5). */
export interface Relation {
  readonly id: string;
  /** The last word of the type's address. */
  readonly type: string;
  /** The other part's name. */
  readonly target: string;
}

export interface Sheet {
  readonly name: string;
  /** The name of its part. */
  readonly target: string;
}

const maxHeldCharacters = 64 * 1024 * 1024;
/** What an entry costs beside its characters, so that empty ones count, too. */
const entryCharacters = 8;

/** The relations of a part; those of the package itself are those of the part named ''. */
export async function readRelations(parts: PackageParts, source: string): Promise<Relation[]> {
  const folder = posix.dirname(source);
  const relations: Relation[] = [];
  const name = posix.join(folder, '_rels', `${posix.basename(source)}.rels`);
  await readPart(parts, name, {
    open: (element, { Id: id = '', Type: type = '', Target: target = '', TargetMode: mode }) => {
      if (element === 'Relationship' && mode !== 'External') {
        relations.push({ id, type: posix.basename(type), target: posix.resolve('/', folder, target).slice(1) });
      }
    },
  });
  return relations;
}

/** The sheets in their order, without charts; and whether days are counted from 1904 (18.2.28). */
export async function readWorkbook(
  parts: PackageParts,
  name: string,
  relations: readonly Relation[],
): Promise<{ sheets: Sheet[]; isFrom1904: boolean }> {
  const sheets: Sheet[] = [];
  let isFrom1904 = false;
  await readPart(parts, name, {
    open: (element, attributes) => {
      if (element === 'workbookPr') {
        isFrom1904 = isTrue(attributes.date1904);
      } else if (element === 'sheet') {
        const relation = relations.find(({ id }) => id === relationOf(attributes));
        if (relation?.type === 'worksheet') {
          sheets.push({ name: attributes.name ?? '', target: relation.target });
        }
      }
    },
  });
  return { sheets, isFrom1904 };
}

/** How the cells of each style are shown, as far as that makes dates of numbers (18.8.30). */
export async function readStyles(parts: PackageParts, name: string | undefined): Promise<CellStyle[]> {
  const styles: CellStyle[] = [];
  const own = new Map<string, CellStyle>();
  let isInCells = false;
  if (name === undefined) {
    return styles;
  }
  await readPart(parts, name, {
    open: (element, { numFmtId = '0', formatCode = '' }) => {
      isInCells ||= element === 'cellXfs';
      if (element === 'numFmt') {
        own.set(numFmtId, styleOf(formatCode));
      } else if (element === 'xf' && isInCells) {
        styles.push(own.get(numFmtId) ?? builtInStyle(Number(numFmtId)));
      }
    },
    close: (element) => {
      isInCells &&= element !== 'cellXfs';
    },
  });
  return styles;
}

/**
 * The texts that cells share (18.4.9), without the readings of Japanese ones.
 * @throws the error of `limitExceeded` where they are too many to be held
 */
export async function readSharedTexts(parts: PackageParts, name: string | undefined): Promise<string[]> {
  const texts: string[] = [];
  let text = '';
  let length = 0;
  let isInText = false;
  let readings = 0;
  if (name === undefined) {
    return texts;
  }
  await readPart(parts, name, {
    open: (element) => {
      readings += element === 'rPh' ? 1 : 0;
      isInText = element === 't' && readings === 0;
    },
    text: (part) => {
      if (isInText) {
        length += part.length;
        text += part;
      }
      checkLength(length);
    },
    close: (element) => {
      isInText = false;
      readings -= element === 'rPh' ? 1 : 0;
      if (element === 'si') {
        length += entryCharacters;
        checkLength(length);
        texts.push(unescapeText(text));
        text = '';
      }
    },
  });
  return texts;
}

/** Characters that XML can't hold are written as `_x000D_` (22.9.2.19). */
export function unescapeText(text: string): string {
  return text.includes('_x')
    ? text.replace(/_x([0-9A-Fa-f]{4})_/g, (_all, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    : text;
}

async function readPart(parts: PackageParts, name: string, handlers: XmlHandlers): Promise<void> {
  if (!parts.has(name)) {
    throw damaged(`The file is no Excel workbook: it lacks ${name}.`);
  }
  await new XmlEvents(`part ${name}`, handlers).readAll(parts.read(name));
}

function checkLength(length: number): void {
  if (length > maxHeldCharacters) {
    throw limitExceeded('characters of texts that cells share', maxHeldCharacters);
  }
}

/** `r:id`, whatever the prefix of its namespace is. */
function relationOf(attributes: Readonly<Record<string, string>>): string | undefined {
  return Object.entries(attributes).find(([name]) => name.endsWith(':id'))?.[1];
}

function isTrue(value: string | undefined): boolean {
  return value === '1' || value === 'true';
}
