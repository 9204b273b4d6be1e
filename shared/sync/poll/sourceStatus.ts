import type { ReadMode } from '../../connectors/connector.ts';
import type { ErrorCode } from '../../errors.ts';
import type { EntityName } from '../../model/entities.ts';
import type { Counts, RunId } from '../../model/run.ts';
import type { Failure } from '../../resilience/retry.ts';
import type { FailedPage } from './pageOutcome.ts';
import type { ReadRequest } from './readRequest.ts';
import type { Seen } from './seenOf.ts';

/** What is known of a polled source besides its cursors. Times are RFC 3339 in UTC. */
export interface SourceStatus {
  /** When each kind of read last began by schedule, or since when there is such a schedule; by `readKey`. */
  readonly begun: Readonly<Record<string, string>>;
  /** When a poll last ended without an error. */
  readonly succeededAt?: string;
  /** The last one; it may be older than the last success. */
  readonly error?: StatusError;
  /** It is not polled by schedule until a person has done something about it. */
  readonly parked?: Parking;
  /** The last read of each entity and mode, by `readKey`. */
  readonly reads: Readonly<Record<string, StatusRead>>;
}

export interface StatusError {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly at: string;
}

/** It ends when the secret has another version, the configuration another ETag, or somebody triggers the source. */
export interface Parking extends Seen {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly since: string;
}

export interface StatusRead {
  readonly runId: RunId;
  readonly at: string;
  /** `done`: everything was read; the run's receipt tells what became of it. */
  readonly outcome: 'done' | 'failed';
  readonly counts?: Counts;
  readonly code?: ErrorCode;
}

/** How a read ended. It travels through orchestrations. */
export type EndedRead = ReadRequest & ({ readonly kind: 'done'; readonly counts: Counts } | FailedPage);

/** The statuses of sources. */
export interface StatusStore {
  read(dealerId: string, sourceId: string): Promise<SourceStatus | undefined>;
  /** Of all the dealer's sources, by id. */
  list(dealerId: string): Promise<ReadonlyMap<string, SourceStatus>>;
  /** Changes it, again and again until nobody was faster. Where the edit answers the same object nothing is written. */
  change(dealerId: string, sourceId: string, edit: (status: SourceStatus) => SourceStatus): Promise<void>;
}

export const emptyStatus: SourceStatus = { begun: {}, reads: {} };

export function readKey(entity: EntityName, mode: ReadMode): string {
  return `${entity}:${mode}`;
}

/** Errors that no later try gets over by itself; a disabled or reset source is no such thing. */
const parking: ReadonlySet<ErrorCode> = new Set(['AUTH_FAILED', 'CONFIG_ERROR', 'MAPPING_ERROR', 'DATA_ERROR']);

/** Whether a source must wait for a person after such a failure. */
export function parks({ code, disposition }: Failure): boolean {
  return disposition === 'park' && parking.has(code);
}

/** The failure by which people know how a poll went; undefined where all went well. */
export function failureOf(ended: readonly EndedRead[]): FailedPage | undefined {
  const failures = ended.filter((read) => read.kind === 'failed');
  return failures.find(parks) ?? failures[0];
}

/** The status after a poll. @param now RFC 3339 */
export function afterPoll(status: SourceStatus, ended: readonly EndedRead[], now: string, seen: Seen): SourceStatus {
  const why = failureOf(ended);
  const reads = Object.fromEntries(ended.map((read) => [readKey(read.entity, read.mode), toStatusRead(read, now)]));
  const { parked, ...rest } = status;
  const next = { ...rest, reads: { ...status.reads, ...reads } };
  if (why === undefined) return { ...next, succeededAt: now };
  const { code, detail } = why;
  const error = { code, detail, at: now };
  return parks(why) ? { ...next, error, parked: { code, detail, since: now, ...seen } } : { ...next, error };
}

function toStatusRead(read: EndedRead, at: string): StatusRead {
  const { runId } = read;
  return read.kind === 'done'
    ? { runId, at, outcome: 'done', counts: read.counts }
    : { runId, at, outcome: 'failed', code: read.code };
}

/** What a person may do about an error. */
export const adviceOf: Readonly<Record<ErrorCode, string>> = {
  AUTH_FAILED:
    "Put a credential that works into Key Vault under the source's `credential` (adp secrets set): the source then goes on by itself. After a change of its rights, trigger it.",
  RATE_LIMITED: "Lower the source's limits, or poll it less often.",
  NETWORK_ERROR: 'Check that the system is up and reachable from the hub; it is tried again on schedule.',
  DATA_ERROR: 'Look at the quarantined rows, correct the mapping, then trigger the source.',
  MAPPING_ERROR:
    'Correct the mapping: the source then goes on by itself. After a change of the columns that it reads, trigger it.',
  CONFIG_ERROR:
    'Correct the configuration: the source then goes on by itself. After a change at the other side, trigger it.',
  CONFLICT: 'Nothing to do: the next run reads what is missing.',
  INTERNAL: 'The log has more; it is tried again on schedule.',
};
