import { isStateOf } from './limits.ts';
import type { OpenTable } from './tables.ts';

/**
 * Removes what is kept of a dealer's polls: cursors, statuses, breakers and limits. The epochs of its entities stay, so
 * that what comes under the same id one day wins over all that was sent before.
 */
export async function purgePollRows(openTable: OpenTable, dealerId: string): Promise<void> {
  const ranges = [
    { name: 'cursors', range: { from: 'poll:', to: 'poll;' } },
    { name: 'status', range: {} },
    { name: 'limits', range: {} },
  ];
  for (const { name, range } of ranges) {
    const table = openTable(name);
    for await (const { partition, key } of table.rows(dealerId, range)) await table.remove(partition, key);
  }
}

/** Removes what is kept of a source that is gone, but for its cursors: its status, its breaker and its limits. */
export async function forgetPollRows(openTable: OpenTable, dealerId: string, sourceId: string): Promise<void> {
  await openTable('status').remove(dealerId, sourceId);
  const limits = openTable('limits');
  for await (const { partition, key } of limits.rows(dealerId)) {
    if (isStateOf(sourceId, key)) await limits.remove(partition, key);
  }
}
