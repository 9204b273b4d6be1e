import type { FromSchema } from 'json-schema-to-ts';
import { listItems } from './answers/list.ts';
import { answerParser } from './answers/parse.ts';
import type { HubClient } from './client.ts';

const dealerSchema = {
  type: 'object',
  required: ['dealer_id'],
  properties: { dealer_id: { type: 'string' } },
} as const;

const parseDealer = answerParser<FromSchema<typeof dealerSchema>>('a dealer', dealerSchema);

/** @throws AdpError AUTH_FAILED with a key that is not an admin's */
export async function listDealers(hub: HubClient): Promise<string[]> {
  const ids: string[] = [];
  const dealers = listItems(hub, '/admin/dealers', {}, parseDealer, Number.POSITIVE_INFINITY);
  for await (const dealer of dealers) ids.push(dealer.dealer_id);
  return ids;
}
