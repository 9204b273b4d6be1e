import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { whileHeard } from '../../shared/store/whileHeard.ts';

/** Some numbers, then silence. */
const falling = (numbers: readonly number[]) => async (signal: AbortSignal) =>
  (async function* () {
    yield* numbers;
    await once(signal, 'abort');
    throw new Error('aborted');
  })();

test('a stream that falls silent is aborted', async () => {
  const heard: number[] = [];
  const read = async () => {
    for await (const one of whileHeard(falling([1, 2]), 20)) heard.push(one);
  };
  await expect(read()).rejects.toThrow('aborted');
  expect(heard).toEqual([1, 2]);
});

test('so is one that never begins', async () => {
  const open = async (signal: AbortSignal) => {
    await once(signal, 'abort');
    throw new Error('aborted');
  };
  await expect(Array.fromAsync(whileHeard(open, 20))).rejects.toThrow('aborted');
});

test('a reader that takes its time is not', async () => {
  let isAborted = false;
  const open = async (signal: AbortSignal) => {
    signal.addEventListener('abort', () => {
      isAborted = true;
    });
    return (async function* () {
      yield* [1, 2];
    })();
  };
  for await (const _ of whileHeard(open, 20)) await sleep(60);
  expect(isAborted).toBe(false);
});
