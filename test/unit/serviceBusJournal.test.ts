import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { JournalEntry } from '../../local/serviceBus/journal/entry.ts';
import { Journal } from '../../local/serviceBus/journal/journal.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'journal-'));
  path = join(folder, 'journal');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** A state of names and numbers, the simplest that there is. */
class Numbers {
  readonly held = new Map<string, number>();
  bytes = 0;
  apply(entry: JournalEntry): void {
    if (entry.op === 'numbered') this.held.set(entry.queue, entry.sequenceNumber);
  }
  *entries(): Generator<JournalEntry> {
    for (const [queue, sequenceNumber] of this.held) yield { op: 'numbered', queue, sequenceNumber };
  }
}

interface Opened {
  readonly numbers: Numbers;
  set(queue: string, sequenceNumber: number): void;
  durable(): Promise<void>;
  close(): Promise<void>;
}

function open(compactAbove = Number.POSITIVE_INFINITY): Opened {
  const numbers = new Numbers();
  const onFailure = (error: unknown) => {
    throw error;
  };
  const journal = new Journal({ path, compactAbove, onFailure });
  journal.open(numbers);
  return {
    numbers,
    set: (queue, sequenceNumber) => {
      const entry: JournalEntry = { op: 'numbered', queue, sequenceNumber };
      numbers.apply(entry);
      journal.append(entry);
    },
    durable: () => new Promise((resolve) => journal.whenDurable(resolve)),
    close: () => journal.close(),
  };
}

/** What a broker that starts on a copy of these bytes knows. */
async function recover(bytes: Buffer): Promise<Record<string, number>> {
  writeFileSync(path, bytes);
  const { numbers, close } = open();
  await close();
  return Object.fromEntries(numbers.held);
}

test('cut off at any byte, the file gives the groups that were written whole, each whole or not at all', async () => {
  const opened = open();
  const sizes = [statSync(path).size];
  for (let group = 1; group <= 3; group++) {
    opened.set('a', group);
    opened.set('b', group);
    await opened.durable();
    sizes.push(statSync(path).size);
  }
  await opened.close();
  const whole = readFileSync(path);
  expect(sizes.at(-1)).toBe(whole.length);
  for (let length = sizes[0] ?? 0; length <= whole.length; length++) {
    const groups = sizes.filter((size) => size <= length).length - 1;
    expect(await recover(whole.subarray(0, length))).toEqual(groups === 0 ? {} : { a: groups, b: groups });
  }
});

test('nothing is called durable before it is in the file', async () => {
  const opened = open();
  for (let i = 1; i <= 50; i++) {
    opened.set('a', i);
    await opened.durable();
    const bytes = readFileSync(path);
    expect(bytes.includes(JSON.stringify({ op: 'numbered', queue: 'a', sequenceNumber: i }))).toBe(true);
  }
  await opened.close();
});

test('what is appended in one turn is one group', async () => {
  const opened = open();
  const before = statSync(path).size;
  for (let i = 1; i <= 100; i++) opened.set('a', i);
  await opened.durable();
  await opened.close();
  const bytes = readFileSync(path);
  expect(bytes.readUInt32BE(before)).toBe(bytes.length - before - 8);
});

test('callbacks come in the order in which they were asked for', async () => {
  const opened = open();
  const order: number[] = [];
  await Promise.all(
    Array.from({ length: 100 }, async (_, i) => {
      opened.set('a', i);
      await opened.durable();
      order.push(i);
    }),
  );
  await opened.close();
  expect(order).toEqual(Array.from({ length: 100 }, (_, i) => i));
});

test('it is compacted while it is in use, and loses nothing by it', async () => {
  const opened = open(2000);
  let largest = 0;
  for (let i = 1; i <= 2000; i++) {
    opened.set(`queue ${i % 5}`, i);
    await opened.durable();
    largest = Math.max(largest, statSync(path).size);
  }
  expect(largest).toBeLessThan(3000);
  await opened.close();
  expect(await recover(readFileSync(path))).toEqual(Object.fromEntries(opened.numbers.held));
});

test('what is still held is not written once more, however long the file', async () => {
  const opened = open(2000);
  opened.numbers.bytes = 1_000_000;
  const before = statSync(path);
  for (let i = 1; i <= 100; i++) {
    opened.set('a', i);
    await opened.durable();
  }
  await opened.close();
  // A compaction puts another file in its place.
  expect(statSync(path).ino).toBe(before.ino);
  expect(statSync(path).size).toBeGreaterThan(2000);
});

test('what an interrupted compaction left behind is of no account', async () => {
  const opened = open();
  opened.set('a', 1);
  await opened.durable();
  await opened.close();
  writeFileSync(`${path}.new`, readFileSync(path).subarray(0, 30));
  expect(await recover(readFileSync(path))).toEqual({ a: 1 });
});

test('another file in its place is refused, and not touched', () => {
  writeFileSync(path, 'somebody else wrote this, and it is long enough');
  expect(() => open()).toThrow(/not a journal/);
  expect(readFileSync(path, 'utf8')).toMatch(/^somebody else/);
  truncateSync(path, 3);
  expect(() => open()).toThrow(/not a journal/);
});
