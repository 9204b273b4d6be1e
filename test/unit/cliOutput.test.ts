import { describe, expect, test } from '@jest/globals';
import type { Receipt } from '../../cli/answers/run.ts';
import { createOutput, formatCount, plural } from '../../cli/output.ts';
import { createProgress } from '../../cli/progress.ts';
import { checkBalance, layOutReceipt, sumReceipts } from '../../cli/receipt.ts';
import { alignLeft, formatTable } from '../../cli/table.ts';

function collector(terminal?: { columns: number }) {
  const written: string[] = [];
  return {
    written,
    stream: { write: (text: string) => written.push(text), ...(terminal && { isTTY: true, ...terminal }) },
  };
}

const plain = createOutput({ stdout: collector().stream, stderr: collector().stream, env: {} }).style;

const receipt: Receipt = {
  read: 100,
  rejected: 2,
  repeated: 1,
  unchanged: 0,
  upserts: 94,
  deletes: 3,
  applied: { inserted: 90, updated: 3, deleted: 3 },
  skipped: { unchanged: 1, stale: 0 },
  held: 0,
  quarantined: 0,
  balanced: true,
};

describe('a receipt', () => {
  test('is laid out so that both sides can be added up', () => {
    expect(layOutReceipt(receipt, plain)).toEqual([
      '    read            100 ✓        upserts + deletes   97 ✓',
      '  = rejected          2        = inserted            90',
      '  + repeated          1        + updated              3',
      '  + unchanged         0        + deleted              3',
      '  + upserts          94        + skipped, unchanged   1',
      '  + deletes (rows)    3        + skipped, stale       0',
      '                               + held                 0',
      '                               + quarantined          0',
    ]);
  });

  test.each([
    ['a row is missing', { read: 101 }],
    ['there are more rows than were read', { read: 99, deletes: 2 }],
    ['a change is missing', { quarantined: 1 }],
    ['the hub says so', { balanced: false }],
  ])('does not balance when %s', (_, wrong) => {
    expect(checkBalance(receipt).balanced).toBe(true);
    expect(checkBalance({ ...receipt, ...wrong }).balanced).toBe(false);
  });

  test('may have deletes that were no rows', () => {
    const withAbsences = { ...receipt, deletes: 10, applied: { ...receipt.applied, deleted: 10 } };
    expect(checkBalance(withAbsences)).toMatchObject({ deletedRows: 3, balanced: true });
  });

  test('is summed member by member, and one that does not balance spoils the sum', () => {
    expect(sumReceipts([receipt, receipt])).toMatchObject({ read: 200, applied: { inserted: 180 }, balanced: true });
    expect(sumReceipts([receipt, { ...receipt, balanced: false }]).balanced).toBe(false);
    expect(sumReceipts([]).read).toBe(0);
  });
});

describe('a table', () => {
  const columns = [{ title: 'id' }, { title: 'note', shrinks: true }, { title: 'n', align: 'right' as const }];

  test('is as wide as its cells, numbers to the right', () => {
    expect(
      formatTable(
        columns,
        [
          ['a', 'short', '5'],
          ['bbb', 'x', '1,000'],
        ],
        Number.POSITIVE_INFINITY,
      ),
    ).toEqual(['id   note       n', 'a    short      5', 'bbb  x      1,000']);
  });

  test('cuts the column that may be cut when the terminal is too narrow', () => {
    const lines = formatTable(columns, [['a', 'a note that is far too long', '5']], 24);
    expect(lines[1]).toBe('a   a note that is f…  5');
    expect(lines.every((line) => [...line].length <= 24)).toBe(true);
  });

  test('is aligned by what is seen, not by colours', () => {
    expect(
      alignLeft([
        ['\u001b[31mred\u001b[39m', 'x'],
        ['longer', 'y'],
      ]),
    ).toEqual(['\u001b[31mred\u001b[39m     x', 'longer  y']);
  });
});

describe('colours', () => {
  const styled = (terminal: { columns: number } | undefined, env: Record<string, string>) => {
    const { stream } = collector(terminal);
    return createOutput({ stdout: stream, stderr: stream, env }).style.good('✓');
  };

  test('are for terminals, and not with NO_COLOR', () => {
    expect(styled({ columns: 80 }, {})).toContain('\u001b[');
    expect(styled({ columns: 80 }, { NO_COLOR: '1' })).toBe('✓');
    expect(styled(undefined, {})).toBe('✓');
  });
});

describe('progress', () => {
  test('is one line written over, cut to the terminal, and not too often', () => {
    const { written, stream } = collector({ columns: 10 });
    let now = 0;
    const progress = createProgress(stream, () => now);
    progress.show('one line that is long');
    progress.show('too soon');
    now = 1000;
    progress.show('two');
    progress.clear();
    progress.clear();
    expect(written).toEqual(['\r\u001b[2Kone line ', '\r\u001b[2Ktwo', '\r\u001b[2K']);
  });

  test('says nothing into a file, and gives way to other lines', () => {
    const file = collector();
    createProgress(file.stream).show('step');
    expect(file.written).toEqual([]);
    const terminal = collector({ columns: 80 });
    const output = createOutput({ stdout: terminal.stream, stderr: terminal.stream, env: {} });
    output.progress().show('step');
    output.note('a note');
    expect(terminal.written).toEqual(['\r\u001b[2Kstep', '\r\u001b[2K', 'a note\n']);
  });
});

test('counts read well', () => {
  expect(formatCount(1234567)).toBe('1,234,567');
  expect([plural(1, 'batch', 'batches'), plural(2, 'batch', 'batches'), plural(0, 'row')]).toEqual([
    '1 batch',
    '2 batches',
    '0 rows',
  ]);
});

test("what comes from dealers can't steer the terminal; emphasis and what programs read stay as they are", () => {
  const esc = String.fromCharCode(0x1b);
  const hostile = `a${esc}[2J${esc}]0;title\u0007\rb\u009bc\td`;
  const shown = collector();
  const output = createOutput({ stdout: shown.stream, stderr: shown.stream, env: {} });
  output.line(hostile);
  output.note(hostile);
  output.line(`${esc}[31mbad${esc}[39m`);
  expect(shown.written).toEqual(['a·[2J·]0;title··b·c\td\n', 'a·[2J·]0;title··b·c\td\n', `${esc}[31mbad${esc}[39m\n`]);
  const program = collector();
  createOutput({ stdout: program.stream, stderr: program.stream, env: {} }, true).line(JSON.stringify('\u009b'));
  expect(program.written).toEqual(['"\u009b"\n']);
});
