import { describe } from '@jest/globals';

/**
 * A suite that needs a server.
 * @param lacking how to get it where there is none: the suite is skipped then, and says so loudly
 */
export function describeWith(lacking: string | undefined, name: string, suite: () => void): void {
  if (lacking !== undefined) console.warn(`\n*** ${name}: ${lacking}\n`);
  (lacking === undefined ? describe : describe.skip)(name, suite);
}
