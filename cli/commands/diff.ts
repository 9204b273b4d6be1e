import type { Command } from '../command.ts';

export const diff: Command = {
  name: 'diff',
  summary: 'Show what changed from one file to another',
  details: [
    'Files of any format and size, also with .gz or .zip with one member; needs no hub. The order of rows and of columns',
    'says nothing. With --entity rows are records as the hub takes them: what maps to the same data is the same. With',
    '--key rows are compared as they are written. Prints + for a row that is new, ~ for one that is changed (as it is',
    'now), and - with the key of one that is gone; with --json a line of JSON each, the summary last. The exit code is 1',
    'where rows could not be read.',
    'With --against-store the file is compared with what the hub holds of a dealer: what a full snapshot of it would do,',
    'while nothing is applied. --source takes the mapping of a source (the key must be an administrator’s). Without it',
    'rows are canonical, and times without a zone are in the dealer’s, where the key may read it.',
  ].join('\n'),
  positionals: [
    { name: 'OLD', takes: 'one', help: 'the file as it was; with --against-store the only file' },
    { name: 'NEW', takes: 'optional', help: 'the file as it is' },
  ],
  options: {
    entity: { kind: 'text', value: 'ENTITY', help: 'what the rows are: part, part_stock, customer, …' },
    key: { kind: 'list', value: 'COLUMN', help: 'a column of the key, where the rows are no records; may be repeated' },
    delimiter: { kind: 'text', value: 'CHAR', help: 'of CSV; \\t is a tab' },
    quote: { kind: 'text', value: 'CHAR', help: 'of CSV (")' },
    encoding: { kind: 'text', value: 'NAME', help: 'of text: utf-8, windows-1252, … (utf-8, or what a mark says)' },
    'against-store': { kind: 'text', value: 'DEALER', help: 'compare with what the hub holds of this dealer' },
    source: { kind: 'text', value: 'SOURCE', help: 'with --against-store: whose file it is (rows are canonical)' },
    summary: { kind: 'flag', help: 'print the numbers alone' },
  },
  examples: [
    'adp diff acme_part_stock.csv acme_part_stock.new.csv --entity part_stock',
    'adp diff stock.parquet stock.csv.gz --key part_no --key branch --summary',
    'adp diff acme_part_stock.csv --against-store acme --entity part_stock --source dms',
  ],
  async run(invocation) {
    // Slow to load: formats, mappings and sources.
    const { runDiff } = await import('../diff/runDiff.ts');
    return await runDiff(invocation);
  },
};
