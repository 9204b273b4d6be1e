import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { PulledRow } from '../../shared/connectors/connector.ts';
import type { FormatRow } from '../../shared/formats/format.ts';
import { readStaged, toStagedLine } from '../../shared/sync/poll/stagedLine.ts';
import { StagedTexts } from '../../shared/sync/poll/stagedTexts.ts';
import { type Known, readTexts } from '../helpers/readTexts.ts';

const pulled: fc.Arbitrary<PulledRow> = fc.oneof(
  fc.record({ values: fc.dictionary(fc.string(), fc.jsonValue()) }),
  fc.record({ values: fc.constantFrom({ id: 1 }, { id: 2, a: ['\u2028', '\r\n'] }, { id: 'x'.repeat(300) }) }),
  fc.record({ error: fc.string(), raw: fc.string() }),
  fc.record({ values: fc.constantFrom({ _op: 'delete', id: 1 }, { id: Number.NaN }, { id: 10n ** 30n }) }),
);

async function all(data: string, count: number): Promise<FormatRow[]> {
  async function* chunks() {
    yield Buffer.from(data);
  }
  return (await Array.fromAsync(readStaged(chunks(), count))).flat();
}

/** What was read, without the numbers of rows that were passed by; or why it can't be. */
async function outcome(read: () => readonly FormatRow[] | Promise<readonly FormatRow[]>, numbers: boolean) {
  try {
    return (await read()).map((row) => (numbers || 'error' in row ? row : row.values));
  } catch (error) {
    expect(error).toMatchObject({ code: 'INTERNAL', message: expect.stringContaining('rows that were read') });
    return 'refused';
  }
}

test('rows that were staged are told apart as they are read, and none may be missing', async () => {
  const known: Known = new Map();
  await fc.assert(
    fc.asyncProperty(
      fc.array(pulled, { maxLength: 12 }),
      fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 40 })),
      fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.constantFrom(-1, 1)),
      fc.record({ piece: fc.integer({ min: 1, max: 90 }), room: fc.integer({ min: 30, max: 400 }) }),
      async (rows, lost, miscounted, { piece, room }) => {
        const whole = rows.map((row) => `${toStagedLine(row)}\n`).join('');
        const data = whole.slice(0, whole.length - lost).toWellFormed();
        const count = rows.length + miscounted;
        const cut = (seen?: Known) => readTexts(new StagedTexts(count), data, seen, piece, room);
        const isCutOff = data !== '' && !data.endsWith('\n');
        expect(await outcome(() => cut(), true)).toEqual(
          isCutOff ? 'refused' : await outcome(() => all(data, count), true),
        );
        expect(await outcome(() => cut(known), false)).toEqual(
          isCutOff ? 'refused' : await outcome(() => all(data, count), false),
        );
      },
    ),
    { numRuns: 1_500 },
  );
  expect(known.size).toBeGreaterThan(100);
});
