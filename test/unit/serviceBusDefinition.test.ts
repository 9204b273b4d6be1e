import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { parseQueueDefinitions } from '../../local/serviceBus/queue/definition.ts';
import { millisecondsOf } from '../../local/serviceBus/queue/duration.ts';

const parse = (properties: object, name = 'queue') =>
  parseQueueDefinitions(JSON.stringify([{ name, properties }]), 'queues.json');

test('the queues of the product are those of the contract', async () => {
  const path = 'infra/queues.json';
  const minutes = (n: number) => n * 60_000;
  const contract = {
    lockDuration: minutes(5),
    maxDeliveryCount: 10,
    duplicateWindow: minutes(10),
    timeToLive: undefined,
  };
  expect(parseQueueDefinitions(await readFile(path, 'utf8'), path)).toEqual([
    { name: 'record-changes', ...contract },
    { name: 'file-arrivals', ...contract },
    { name: 'snapshot-diffs', ...contract },
  ]);
});

describe('definitions', () => {
  test('what is not said is as in Service Bus', () => {
    expect(parse({}, 'Orders')).toEqual([
      { name: 'orders', lockDuration: 60_000, maxDeliveryCount: 10, duplicateWindow: undefined, timeToLive: undefined },
    ]);
  });

  test.each([
    [{ requiresSession: true }, /requiresSession is not supported/],
    [{ forwardTo: 'other' }, /forwardTo is not supported/],
    [{ lockDuration: 'PT5M1S' }, /five minutes/],
    [{ lockDuration: 'five minutes' }, /not a duration/],
    [{ requiresDuplicateDetection: true, duplicateDetectionHistoryTimeWindow: 'P8D' }, /seven days/],
    [{ maxDeliveryCount: 0 }, /maxDeliveryCount must be >= 1/],
  ])('%j is refused', (properties, reason) => {
    expect(() => parse(properties)).toThrow(reason);
  });

  test('two queues of one name are refused, whatever the casing', () => {
    const twice = JSON.stringify([
      { name: 'a', properties: {} },
      { name: 'A', properties: {} },
    ]);
    expect(() => parseQueueDefinitions(twice, 'queues.json')).toThrow(/same name/);
  });
});

test.each([
  ['PT5M', 300_000],
  ['PT1.5S', 1500],
  ['P1DT2H3M4S', 93_784_000],
  ['P7D', 604_800_000],
])('%s is %d ms', (duration, milliseconds) => {
  expect(millisecondsOf(duration)).toBe(milliseconds);
});

test.each(['', 'P', 'PT', 'P1DT', '5M', 'P1Y', 'PT-1S'])('"%s" is not a duration', (duration) => {
  expect(() => millisecondsOf(duration)).toThrow(/not a duration/);
});
