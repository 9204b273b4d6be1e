import path from 'node:path';
import type { FormatName, FormatRow, ReadOptions, Sniffed } from '../../shared/formats/format.ts';
import type { OpenedFile } from '../../shared/formats/openFile.ts';
import type { Arguments } from '../arguments.ts';
import { cellText, toPlain } from '../cellText.ts';
import type { Command, Invocation } from '../command.ts';
import { type LocalFile, openLocalFile } from '../localFile.ts';
import { formatCount, type Output, plural } from '../output.ts';
import { usageError } from '../usageError.ts';

export const parse: Command = {
  name: 'parse',
  summary: 'Show how the hub reads a file: its first rows, and what it took it for',
  details: [
    'Any format, also with .gz or .zip with one member. Needs no hub and sends nothing anywhere. Rows that can’t be read',
    'are shown with their line and what is wrong; then the exit code is 1.',
  ].join('\n'),
  positionals: [{ name: 'FILE', takes: 'one', help: 'the file, or - for standard input' }],
  options: {
    format: { kind: 'text', value: 'EXT', help: "what the file holds, where its name doesn't say: csv, parquet, …" },
    delimiter: { kind: 'text', value: 'CHAR', help: 'of CSV; \\t is a tab' },
    quote: { kind: 'text', value: 'CHAR', help: 'of CSV (")' },
    encoding: { kind: 'text', value: 'NAME', help: 'of text: utf-8, windows-1252, … (utf-8, or what a mark says)' },
    sheet: { kind: 'text', value: 'SHEET', help: 'of a workbook: its name, or its number from 1' },
    'header-row': { kind: 'integer', value: 'N', min: 1, help: 'of a sheet: the row that names the columns' },
    path: { kind: 'text', value: 'PATH', help: 'of JSON: where the array of rows is, such as data.items' },
    element: { kind: 'text', value: 'NAME', help: 'of XML: the element that is a row, or its path from the root' },
    rows: { kind: 'integer', value: 'N', min: 0, max: 10_000, help: 'rows to show (10)' },
    count: { kind: 'flag', help: 'read the file to its end, count its rows, and find the bad ones' },
  },
  examples: ['adp parse bestand.csv --encoding windows-1252', 'adp parse stock.parquet --rows 3 --count'],
  async run(invocation) {
    const { args, cwd } = invocation;
    const name = args.one('FILE');
    if (name === '-') {
      return await show(invocation, invocation.stdin);
    }
    await using file = await openLocalFile(path.resolve(cwd, name));
    return await show(invocation, file);
  },
};

interface Parsed {
  readonly sniffed: Sniffed | undefined;
  readonly shown: readonly FormatRow[];
  readonly rows: number;
  readonly bad: number;
  /** Whether the file was read to its end. */
  readonly isWhole: boolean;
}

async function show(invocation: Invocation, source: LocalFile | AsyncIterable<Uint8Array>): Promise<boolean> {
  const { args, output } = invocation;
  const name = args.one('FILE');
  // Slow to load: every format.
  const { openFile } = await import('../../shared/formats/openFile.ts');
  const format = await formatOf(args);
  const opened = await openFile(name, source, format === undefined ? {} : { format });
  const parsed = await read(invocation, opened, source);
  if (output.json) output.data(toData(name, opened, parsed));
  else report(output, name, opened, parsed);
  return parsed.bad === 0;
}

async function formatOf(args: Arguments): Promise<FormatName | undefined> {
  const { formatByExtension, knownExtensions } = await import('../../shared/formats/registry.ts');
  const extension = args.text('format');
  const format = extension === undefined ? undefined : formatByExtension(`rows.${extension}`);
  if (extension !== undefined && !format) {
    throw usageError(`--format ${extension} is not known; known are ${knownExtensions().join(', ')}`);
  }
  return format?.name;
}

async function read(
  { args, output, signal }: Invocation,
  { format, source }: OpenedFile,
  file: LocalFile | AsyncIterable<Uint8Array>,
): Promise<Parsed> {
  const most = args.integer('rows') ?? 10;
  const isCounting = args.flag('count');
  const progress = output.progress();
  const shown: FormatRow[] = [];
  let sniffed: Sniffed | undefined;
  let rows = 0;
  let bad = 0;
  let isWhole = true;
  const options = readOptions(args);
  for await (const page of format.read(source, { ...options, signal, onSniffed: (taken) => (sniffed = taken) })) {
    for (const row of page) {
      if (shown.length < most) shown.push(row);
      else if (!isCounting) break;
      // Of those further down only bad ones, and as many again.
      else if ('error' in row && shown.length < 2 * most) shown.push(row);
      rows += 1;
      bad += 'error' in row ? 1 : 0;
    }
    if (!isCounting && shown.length >= most) {
      isWhole = false;
      break;
    }
    progress.show(`${plural(rows, 'row')}${shareOf(file)}`);
  }
  progress.clear();
  return { sniffed, shown, rows, bad, isWhole };
}

function readOptions(args: Arguments): ReadOptions {
  const sheet = args.text('sheet');
  const headerRow = args.integer('header-row');
  const texts = ['delimiter', 'quote', 'encoding', 'path', 'element'].flatMap((name) => {
    const value = args.text(name);
    return value === undefined ? [] : [[name, value === '\\t' ? '\t' : value]];
  });
  return {
    ...Object.fromEntries(texts),
    ...(sheet === undefined ? {} : { sheet: /^\d+$/.test(sheet) ? Number(sheet) : sheet }),
    ...(headerRow === undefined ? {} : { headerRow }),
  };
}

function shareOf(file: LocalFile | AsyncIterable<Uint8Array>): string {
  return 'shareRead' in file ? `, ${Math.floor(100 * file.shareRead())} % of the file` : '';
}

function report(
  output: Output,
  name: string,
  opened: OpenedFile,
  { sniffed, shown, rows, bad, isWhole }: Parsed,
): void {
  const packing = opened.packing === 'none' ? [] : [`packed by ${opened.packing}`];
  output.line(`${name}: ${[opened.format.name, ...packing, ...traitsOf(sniffed)].join(', ')}`);
  const good = shown.flatMap((row) => ('values' in row ? [row] : []));
  const columns = sniffed?.columns ?? [...new Set(good.flatMap(({ values }) => Object.keys(values)))];
  if (columns.length > 0) output.line(`${plural(columns.length, 'column')}: ${columns.join(', ')}`);
  if (good.length > 0) {
    output.line();
    output.table(
      [{ title: 'row', align: 'right' }, ...columns.map((title) => ({ title: cellText(title) }))],
      good.map(({ row, values }) => [
        `${row}`,
        ...columns.map((column) => (Object.hasOwn(values, column) ? cellText(values[column]) : '')),
      ]),
    );
  }
  for (const row of shown) {
    if ('error' in row) output.line(`row ${row.row}: ${row.error}  ${cellText(row.raw)}`);
  }
  output.line();
  const unread = bad === 0 ? '' : `, ${formatCount(bad)} of them can't be read`;
  output.line(`${isWhole ? '' : 'the first '}${plural(rows, 'row')}${unread}`);
}

function traitsOf(sniffed: Sniffed | undefined): string[] {
  const { encoding, delimiter, quote, sheet, path: rowsPath } = sniffed ?? {};
  return [
    ...(encoding === undefined ? [] : [encoding]),
    ...(delimiter === undefined ? [] : [`delimiter ${JSON.stringify(delimiter)}`]),
    ...(quote === undefined ? [] : [`quote ${quote}`]),
    ...(sheet === undefined ? [] : [`sheet ${JSON.stringify(sheet)}`]),
    ...(rowsPath === undefined ? [] : [rowsPath === '' ? 'rows in the root' : `rows in ${rowsPath}`]),
  ];
}

function toData(name: string, { format, packing }: OpenedFile, { sniffed, shown, rows, bad, isWhole }: Parsed): object {
  const { columns, ...taken } = sniffed ?? {};
  return {
    file: name,
    ...taken,
    format: format.name,
    packing,
    columns: columns ?? null,
    rows: shown.map((row) => ('values' in row ? { row: row.row, values: toPlain(row.values) } : row)),
    count: isWhole ? { rows, bad } : null,
  };
}
