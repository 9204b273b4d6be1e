import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Call } from './http.ts';
import { Refusal } from './refusal.ts';

/** The key of Microsoft's emulator. It is public; it protects nothing.
 * https://learn.microsoft.com/azure/cosmos-db/emulator#authentication */
export const emulatorKey = 'C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==';

/**
 * Checks a request's signature by the master key.
 * https://learn.microsoft.com/rest/api/cosmos-db/access-control-on-cosmosdb-resources
 * @param key base64
 * @throws Refusal 401
 */
export function authenticate(call: Call, key: string): void {
  const expected = Buffer.from(`type=master&ver=1.0&sig=${signature(call, key)}`);
  const given = Buffer.from(decoded(call.headers.authorization ?? ''));
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new Refusal(401, 'The input authorization token cannot serve the request: check the account key.');
  }
}

function signature(call: Call, key: string): string {
  // A feed (`dbs/x/colls`) is signed as its parent's link and its own type, a resource by its own link.
  const isFeed = call.path.length % 2 === 1;
  const type = isFeed ? call.path.at(-1) : call.path.at(-2);
  const link = (isFeed ? call.path.slice(0, -1) : call.path).join('/');
  const date = call.headers['x-ms-date'] ?? '';
  const text = `${call.method.toLowerCase()}\n${(type ?? '').toLowerCase()}\n${link}\n${date.toLowerCase()}\n\n`;
  return createHmac('sha256', Buffer.from(key, 'base64')).update(text).digest('base64');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
