import { closeSync, openSync, writeSync } from 'node:fs';

/** What the second of a pair of snapshots changes. */
export interface DiffTruth {
  readonly rows: number;
  readonly inserted: number;
  readonly updated: number;
  readonly removed: number;
}

const words = ['FILTER', 'OIL', 'BRAKE PAD', 'GASKET', 'BOLT M8', 'SEAL', 'BUMPER', 'LAMP', 'MIRROR', 'HOSE', 'PUMP'];
const rareWords = ['Joint 1/2"', 'Dichtung, Öl', 'KUPPLUNG\r\nKOMPLETT', 'Rohr 3/4" x 1"', 'Set "Profi", 4x'];
const brands = ['BOSCH', 'VALEO', 'MANN', 'HELLA', 'SKF', 'GATES', 'MAHLE', 'DENSO', 'NGK', 'OEM'];
const header = 'part_no,description,brand,qty_on_hand,bin,list_price,cost,last_sold,updated_at,dealer_id';

/**
 * Writes two snapshots of a parts table as CSV, about 97 bytes a row: BOM, CRLF, lone quotes, quoted commas and line
 * ends, umlauts, and one ragged row in 20,000. Of the rows 1 % are updated, 0.2 % removed and 0.2 % inserted; the second
 * one's are in another order. The same `rows` make the same files.
 */
export function writeDiffData(before: string, after: string, rows: number): DiffTruth {
  let inserted = 0;
  let updated = 0;
  let removed = 0;
  write(before, (put) => {
    for (let row = 0; row < rows; row += 1) {
      put(line(row, 0));
    }
  });
  write(after, (put) => {
    for (let place = 0; place < rows; place += 1) {
      const row = shuffled(place, rows);
      const lot = random(row, 99) % 1000;
      if (isRagged(row)) {
        put(line(row, 0));
      } else if (lot < 2) {
        removed += 1;
      } else if (lot < 12) {
        updated += 1;
        put(line(row, 1));
      } else {
        put(line(row, 0));
      }
      if (random(place, 98) % 1000 < 2 && !isRagged(rows + inserted)) {
        put(line(rows + inserted, 0));
        inserted += 1;
      }
    }
  });
  return { rows, inserted, updated, removed };
}

function write(path: string, fill: (put: (line: string) => void) => void): void {
  const file = openSync(path, 'w');
  let lines: string[] = [`\ufeff${header}\r\n`];
  fill((text) => {
    lines.push(text);
    if (lines.length === 20_000) {
      writeSync(file, lines.join(''));
      lines = [];
    }
  });
  writeSync(file, lines.join(''));
  closeSync(file);
}

function isRagged(row: number): boolean {
  return row % 20_000 === 19_999;
}

function line(row: number, generation: number): string {
  const part = `P${((row * 2_654_435_761) % 4_294_967_296).toString(36).toUpperCase().padStart(7, '0')}-${row.toString(36)}`;
  const rare =
    random(row, 1) % 20 === 0 ? rareWords[random(row, 2) % rareWords.length] : words[random(row, 2) % words.length];
  const description = `${words[random(row, 3) % words.length]} ${rare} ${row % 10}`;
  const price = 1 + (random(row, 4) % 90_000) / 100;
  const sold = random(row, 5) % 10 < 3 ? '' : day(random(row, 5));
  const fields = [
    part,
    /[,\r\n]/.test(description) ? `"${description.replaceAll('"', '""')}"` : description,
    brands[random(row, 6) % brands.length],
    (random(row, 7) % 500) + generation * 1000,
    `${String.fromCharCode(65 + (row % 26))}${random(row, 8) % 40}-${random(row, 9) % 99}`,
    price.toFixed(2),
    (price * 0.62).toFixed(2),
    sold,
    generation === 0 ? `${day(random(row, 10))}T${10 + (row % 14)}:30:00Z` : '2026-01-15T10:00:00Z',
    `D${100 + (random(row, 11) % 40)}`,
  ];
  return `${(isRagged(row) ? fields.slice(0, 8) : fields).join(',')}\r\n`;
}

function day(number: number): string {
  return `20${20 + (number % 6)}-${String(1 + (number % 12)).padStart(2, '0')}-${String(1 + (number % 28)).padStart(2, '0')}`;
}

/** A number of 32 bits that hangs on its arguments alone. */
function random(row: number, salt: number): number {
  let value = Math.imul(row + 1, 0x9e3779b1) ^ Math.imul(salt + 1, 0x85ebca77);
  value = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d);
  value = Math.imul(value ^ (value >>> 12), 0x297a2d39);
  return (value ^ (value >>> 15)) >>> 0;
}

/** A permutation of 0..rows-1: a step that has no factor in common with `rows` meets each place once. */
function shuffled(place: number, rows: number): number {
  let step = Math.floor(rows * 0.618) | 1;
  while (commonFactor(step, rows) > 1) {
    step += 2;
  }
  return (place * step) % rows;
}

function commonFactor(a: number, b: number): number {
  return b === 0 ? a : commonFactor(b, a % b);
}
