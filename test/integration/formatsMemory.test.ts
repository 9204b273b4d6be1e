import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const script = join(__dirname, '../fixtures/formats/readGenerated.ts');

async function readGenerated(format: string, megabytes: number): Promise<{ rows: number; megabytes: number }> {
  const args = ['--max-old-space-size=64', script, format, `${megabytes}`];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout);
}

test.each(['csv', 'ndjson', 'json', 'xml'])(
  'a %s file of 300 MB is read in 350 MB, and with a heap of 64 MB',
  async (format) => {
    const { rows, megabytes } = await readGenerated(format, 300);
    expect(rows).toBeGreaterThan(3_000_000);
    expect(megabytes).toBeLessThan(350);
  },
);
