import type { Connection, OpenSource, Tools } from '../connector.ts';
import type { Dialect } from './dialect.ts';
import type { Session } from './session.ts';
import type { SourceSettings } from './settings.ts';

/** A database that is open: what all of them do in the same way, over what a dialect knows of one. */
export declare function sqlConnection(parts: {
  readonly dialect: Dialect;
  readonly session: Session;
  readonly settings: SourceSettings;
  readonly source: OpenSource;
  readonly tools: Pick<Tools, 'clock'>;
}): Connection;
