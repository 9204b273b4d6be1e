import { listItems } from '../../cli/answers/list.ts';
import { type HeldRecord, parseRecord } from '../../cli/answers/record.ts';
import type { HubClient } from '../../cli/client.ts';
import { pathOf } from '../../cli/paths.ts';

/** What the store holds by id, read one by one: no counter is believed. */
export async function readRecords(
  hub: HubClient,
  dealer: string,
  entity: string,
): Promise<Map<string, HeldRecord['data']>> {
  const path = pathOf('dealers', dealer, entity, 'records');
  const records = new Map<string, HeldRecord['data']>();
  for await (const { id, data } of listItems(hub, path, {}, parseRecord, Number.POSITIVE_INFINITY)) {
    records.set(id, data);
  }
  return records;
}

/** How many records there are. */
export async function countRecords(hub: HubClient, dealer: string, entity: string): Promise<number> {
  return (await readRecords(hub, dealer, entity)).size;
}
