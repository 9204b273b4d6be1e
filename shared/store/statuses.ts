import { AdpError } from '../errors.ts';
import { emptyStatus, type SourceStatus, type StatusStore } from '../sync/poll/sourceStatus.ts';
import { type OpenTable, packText, type Row, unlessChanged, unpackText } from './tables.ts';

const cell = 'status';
const maxAttempts = 20;

/** In the table `status`: a partition a dealer, a row a source. */
export function statusesIn(openTable: OpenTable): StatusStore {
  const table = openTable('status');
  return {
    async read(dealerId, sourceId) {
      const row = await table.get(dealerId, sourceId);
      return row && toStatus(row);
    },
    async list(dealerId) {
      const found = new Map<string, SourceStatus>();
      for await (const row of table.rows(dealerId)) found.set(row.key, toStatus(row));
      return found;
    },
    async change(dealerId, sourceId, edit) {
      for (let attempt = 0; attempt < maxAttempts; attempt++) {
        const row = await table.get(dealerId, sourceId);
        const before = row === undefined ? emptyStatus : toStatus(row);
        const next = edit(before);
        if (next === before) return;
        const cells = packText(cell, JSON.stringify(next));
        const write = () => (row === undefined ? table.insert(dealerId, sourceId, cells) : table.replace(row, cells));
        if (await unlessChanged(write)) return;
      }
      throw new AdpError('NETWORK_ERROR', `Too many writers at once tell of the source ${sourceId}; try again.`);
    },
  };
}

function toStatus({ cells }: Row): SourceStatus {
  // The text was written by this program.
  const status: SourceStatus = JSON.parse(unpackText(cell, cells) ?? '{}');
  return { ...emptyStatus, ...status };
}
