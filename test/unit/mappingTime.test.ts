import { expect, test } from '@jest/globals';
import { toInstantIn } from '../../shared/mapping/time.ts';
import { timeZone } from '../../shared/mapping/zone.ts';

test('a local time is read in its zone, whatever was read before it', () => {
  const [chicago, berlin] = [timeZone('America/Chicago'), timeZone('Europe/Berlin')];
  const text = '2026-05-01T12:00:00.5';
  const read = [chicago, chicago, berlin, chicago].map((zone) => toInstantIn(zone, text));
  const [inChicago, inBerlin] = ['2026-05-01T17:00:00.500000000Z', '2026-05-01T10:00:00.500000000Z'];
  expect(read).toEqual([inChicago, inChicago, inBerlin, inChicago]);
  expect(toInstantIn(berlin, '2026-05-01T12:00:01')).toBe('2026-05-01T10:00:01.000000000Z');
  expect([toInstantIn(berlin, 'soon'), toInstantIn(berlin, 'soon')]).toEqual([null, null]);
});
