import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until `look` gives something (not undefined, not false); fails after `deadlineMs`, saying what was waited for.
 * The deadline tells a thing that never comes from one that comes late: on a slow, busy machine, too.
 * @param what a function where there is more to say once it is over
 */
export async function until<T>(
  what: string | (() => string | Promise<string>),
  look: () => T | undefined | false | Promise<T | undefined | false>,
  deadlineMs = 90_000,
): Promise<T> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) {
      throw new Error(`Waited ${deadlineMs} ms in vain: ${typeof what === 'string' ? what : await what()}`);
    }
    await sleep(20);
  }
}
