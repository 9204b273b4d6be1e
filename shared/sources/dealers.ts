import type { Clock } from '../clock.ts';
import type { OpenTable } from '../store/tables.ts';
import { configurationsIn, type Kept, type Saved, type SaveOptions } from './configurations.ts';
import { type Dealer, dealerCheck } from './dealer.ts';

/** The dealers, in the table `dealers`. Errors are those of `Configurations`. */
export interface Dealers {
  /** As the dealer was at most 10 s ago. */
  find(dealerId: string): Promise<Kept<Dealer> | undefined>;
  /** As it is now. */
  read(dealerId: string): Promise<Kept<Dealer> | undefined>;
  /** In the order of ids, from `from` (inclusive) on. */
  list(from?: string): AsyncIterable<Kept<Dealer>>;
  /** Stores what was checked; see `Configuration`. */
  save(dealerId: string, dealer: Dealer, options: SaveOptions<Dealer>): Promise<Saved>;
  remove(dealerId: string, etag?: string): Promise<void>;
}

const partition = 'dealer';

export function dealersIn(openTable: OpenTable, clock: Clock): Dealers {
  const kept = configurationsIn({ table: openTable('dealers'), kind: 'dealer', check: dealerCheck, clock });
  return {
    find: (dealerId) => kept.find(partition, dealerId),
    read: (dealerId) => kept.read(partition, dealerId),
    list: (from) => kept.list(partition, from),
    save: (dealerId, dealer, options) => kept.save(partition, dealerId, dealer, options),
    remove: (dealerId, etag) => kept.remove(partition, dealerId, etag),
  };
}
