import writeExcelFile, { type SheetData } from 'write-excel-file/node';
import { type Cell, type CellRow, columnsOf } from './cells.ts';

/** A workbook of one sheet, its first row the columns' names; days are dates as Excel has them. */
export async function toWorkbook(sheet: string, rows: readonly CellRow[]): Promise<Uint8Array> {
  const columns = columnsOf(rows);
  const data: SheetData = [columns, ...rows.map((row) => columns.map((column) => toCell(row[column])))];
  return await writeExcelFile(data, { sheet }).toBuffer();
}

function toCell(cell: Cell) {
  if (cell === undefined) return null;
  return cell instanceof Date ? { value: cell, type: Date, format: 'yyyy-mm-dd' } : cell;
}
