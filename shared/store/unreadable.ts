import { hash } from 'node:crypto';
import type { Blobs } from './blobs.ts';

/** No dealer's id begins so: what is kept under a dealer's own goes with the dealer. */
const folder = '=unreadable';

/** Keeps what is no message of ours, as it came, for a person to look at. Answers the blob's name. */
export async function keepUnreadable(quarantine: Blobs, body: unknown, why: string): Promise<string> {
  const content = Buffer.from(JSON.stringify({ why, body }));
  const name = `${folder}/${hash('sha256', content, 'hex')}.json`;
  await quarantine.create(name, content);
  return name;
}
