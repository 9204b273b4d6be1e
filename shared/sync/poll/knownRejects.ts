import { hash } from 'node:crypto';
import type { Rejection } from '../ingest.ts';

/** An overlap has so many bad rows, or is bad altogether. */
const maxKept = 1_000;

/** A rejected row as it is remembered: rows that are the same in all their fields are one. */
export function rejectDigest({ input }: Rejection): string {
  const content = 'error' in input ? [input.error, input.raw] : input.values;
  return hash('sha256', JSON.stringify(content), 'base64url').slice(0, 16);
}

/** The newest ones. */
export function keepRejects(known: readonly string[], added: readonly string[]): readonly string[] {
  return added.length === 0 ? known : [...new Set([...added, ...known])].slice(0, maxKept);
}
