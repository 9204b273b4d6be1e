import type { Query } from '../connector.ts';
import type { Column, Dialect, Relation } from './dialect.ts';
import type { Session } from './session.ts';
import type { EntitySettings } from './settings.ts';

/** What a read of one entity needs: what the settings name, as the catalogue has it. Made anew for each call. */
export interface Plan {
  readonly dialect: Dialect;
  readonly session: Session;
  readonly query: Query;
  readonly settings: EntitySettings;
  readonly relation: Relation;
  /** What rows are made of, in the catalogue's order. */
  readonly columns: readonly Column[];
  /** The key that pages go by, in the order of the settings. */
  readonly key: readonly Column[];
  /** True where the database itself enforces that no two rows have that key. */
  readonly isKeyUnique: boolean;
  readonly cursor: Column | undefined;
}
