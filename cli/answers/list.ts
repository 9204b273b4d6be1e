import type { FromSchema } from 'json-schema-to-ts';
import type { HubClient, HubRequest } from '../client.ts';
import { answerParser } from './parse.ts';

/** As many as the hub gives at once. */
const longestPage = 1000;

const listSchema = {
  type: 'object',
  required: ['items'],
  properties: { items: { type: 'array' }, continuation: { type: ['string', 'null'] } },
} as const;

const parseList = answerParser<FromSchema<typeof listSchema>>('a list', listSchema);

/**
 * The items of a list, page after page, as long as the caller takes them.
 *
 * @param parse gives an item its type, or throws
 * @param limit how many at most
 */
export async function* listItems<Item>(
  hub: HubClient,
  path: string,
  query: NonNullable<HubRequest['query']>,
  parse: (item: unknown) => Item,
  limit: number,
): AsyncGenerator<Item> {
  let left = limit;
  let continuation: string | undefined;
  do {
    const { body } = await hub.get(path, { query: { ...query, limit: Math.min(left, longestPage), continuation } });
    const page = parseList(body);
    for (const item of page.items.slice(0, left)) yield parse(item);
    left -= page.items.length;
    continuation = page.continuation ?? undefined;
  } while (continuation !== undefined && left > 0);
}
