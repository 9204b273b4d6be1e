import { listItems } from '../../cli/answers/list.ts';
import { parseRecord } from '../../cli/answers/record.ts';
import type { HubClient } from '../../cli/client.ts';
import { pathOf } from '../../cli/paths.ts';

/** How many records the store holds, read one by one: no counter is believed. */
export async function countRecords(hub: HubClient, dealer: string, entity: string): Promise<number> {
  const path = pathOf('dealers', dealer, entity, 'records');
  const ids = new Set<string>();
  for await (const { id } of listItems(hub, path, {}, parseRecord, Number.POSITIVE_INFINITY)) ids.add(id);
  return ids.size;
}
