import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';

// A message whose lock runs out while its function works is handed to another instance, and does its work twice.
test('the lock of a message is renewed for as long as a function may run', async () => {
  const { functionTimeout, extensions } = JSON.parse(await readFile('host.json', 'utf8'));
  const minutes = (text: string) => {
    const [hours, rest] = text.split(':').map(Number);
    return 60 * Number(hours) + Number(rest);
  };
  expect(minutes(extensions.serviceBus.maxAutoLockRenewalDuration)).toBeGreaterThanOrEqual(minutes(functionTimeout));
  expect(minutes(functionTimeout)).toBe(60);
});
