import { hash } from 'node:crypto';
import { fail } from './problem.ts';

const sumLength = 12;

/**
 * A list's position as a client holds it: opaque, and bound to the list that gave it out (its path and filters), so that
 * a store is never asked to go on from something that it didn't say.
 */
export function sealContinuation(url: URL, position: string): string {
  return Buffer.from(sumOf(url, position) + position).toString('base64url');
}

/** @throws a 400 problem for what `sealContinuation` didn't make for the same list */
export function openContinuation(url: URL, text: string): string {
  const opened = Buffer.from(text, 'base64url').toString();
  const position = opened.slice(sumLength);
  if (opened.slice(0, sumLength) === sumOf(url, position)) return position;
  return fail(400, 'DATA_ERROR', 'The continuation is not one that this list gave out.');
}

function sumOf(url: URL, position: string): string {
  const filters = [...url.searchParams].filter(([name]) => name !== 'continuation' && name !== 'limit').sort();
  return hash('sha256', JSON.stringify([url.pathname, filters, position]), 'hex').slice(0, sumLength);
}
