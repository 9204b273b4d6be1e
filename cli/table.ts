import { stripVTControlCharacters } from 'node:util';

/** How many columns a text takes in a terminal, its colours aside. */
export function widthOf(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** The column that is cut where the terminal is too narrow for the whole row. */
  readonly shrinks?: boolean;
}

/** Rows of cells, each column as wide as its widest cell; the last is not padded. */
export function alignLeft(rows: readonly (readonly string[])[]): string[] {
  const widths = columnWidths(rows);
  return rows.map((row) => joinCells(row.map((cell, index) => padCell(cell, widths[index] ?? 0, 'left'))));
}

/**
 * A table as lines of text, its titles first.
 *
 * @param width columns of the terminal; Infinity where there is none: then nothing is cut
 */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): string[] {
  const titles = columns.map((column) => column.title);
  const widths = columnWidths([titles, ...rows]);
  const total = widths.reduce((sum, columnWidth) => sum + columnWidth + 2, -2);
  const shrinking = columns.findIndex((column) => column.shrinks === true);
  if (shrinking >= 0 && total > width) {
    const least = Math.max(8, widthOf(titles[shrinking] ?? ''));
    widths[shrinking] = Math.max(least, (widths[shrinking] ?? 0) - (total - width));
  }
  const format = (row: readonly string[]): string =>
    joinCells(
      columns.map((column, index) => {
        const limit = widths[index] ?? 0;
        return padCell(cutCell(row[index] ?? '', limit), limit, column.align ?? 'left');
      }),
    );
  return [titles, ...rows].map(format);
}

function columnWidths(rows: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 0, widthOf(cell));
    });
  }
  return widths;
}

function cutCell(cell: string, limit: number): string {
  return widthOf(cell) <= limit ? cell : `${[...stripVTControlCharacters(cell)].slice(0, limit - 1).join('')}…`;
}

function padCell(cell: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(cell)));
  return align === 'right' ? space + cell : cell + space;
}

function joinCells(cells: readonly string[]): string {
  return cells.join('  ').trimEnd();
}
