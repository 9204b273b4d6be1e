import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Taken } from './diffMeter.ts';

/** Runs a program of its own; what it says of itself, on its last line. */
export async function runProgram(program: string, args: readonly string[]): Promise<Taken & Record<string, number>> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args]);
  return JSON.parse(stdout);
}
