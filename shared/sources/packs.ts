import { invalid } from '../check.ts';
import type { Clock } from '../clock.ts';
import type { OpenTable } from '../store/tables.ts';
import { configurationsIn, type Kept, type Saved } from './configurations.ts';
import { packCheck, packFaults } from './faults.ts';
import type { Pack } from './source.ts';

/** The packs, in the table `packs`. Errors are those of `Configurations`. */
export interface Packs {
  /** As the pack was at most 10 s ago. */
  find(name: string): Promise<Kept<Pack> | undefined>;
  /** As it is now. */
  read(name: string): Promise<Kept<Pack> | undefined>;
  /** In the order of names, from `from` (inclusive) on. */
  list(from?: string): AsyncIterable<Kept<Pack>>;
  /**
   * @param before told of the new pack before others see it; it may refuse by throwing
   * @throws AdpError `CONFIG_ERROR` that lists all that is wrong; `CONFLICT` for a stale ETag
   */
  save(name: string, value: unknown, options: PackSaveOptions): Promise<Saved>;
  remove(name: string, etag?: string): Promise<void>;
}

export interface PackSaveOptions {
  readonly etag?: string | undefined;
  readonly before: (pack: Pack, current: Pack | undefined) => Promise<void>;
}

const partition = 'pack';

export function packsIn(openTable: OpenTable, clock: Clock): Packs {
  const kept = configurationsIn({ table: openTable('packs'), kind: 'pack', check: packCheck, clock });
  return {
    find: (name) => kept.find(partition, name),
    read: (name) => kept.read(partition, name),
    list: (from) => kept.list(partition, from),
    async save(name, value, { etag, before }) {
      const faults = packFaults(value);
      if (faults.length > 0) throw invalid('The pack', faults);
      const pack = packCheck.parse(value);
      return kept.save(partition, name, pack, { etag, before: (current) => before(pack, current?.value) });
    },
    remove: (name, etag) => kept.remove(partition, name, etag),
  };
}
