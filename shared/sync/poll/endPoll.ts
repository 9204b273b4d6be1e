import { AdpError } from '../../errors.ts';
import type { Failure } from '../../resilience/retry.ts';
import { fromDoor, wasGivenUp } from '../closeRuns.ts';
import { failRun, openRun, type RunDeps } from '../runWork.ts';
import type { PolledSource } from './polledSource.ts';
import type { SecretSource } from './reachSource.ts';
import type { SourceRead } from './readRequest.ts';
import { type Seen, seenOf } from './seenOf.ts';
import { afterPoll, type EndedRead, failureOf, type StatusStore } from './sourceStatus.ts';

/** A read that is given up. */
export interface FailedRead extends SourceRead {
  readonly failure: Failure;
}

/** Ends its run as failed, unless it is sealed; the cursor stays where it was. Twice is harmless. */
export async function failRead(read: FailedRead, deps: RunDeps): Promise<void> {
  const { dealerId, sourceId, entity, runId, failure } = read;
  const stored =
    (await deps.runs.get(runId)) ?? (await openRun({ dealerId, sourceId, entity, door: 'poll' }, deps, runId));
  const { run } = stored;
  if (run.sealed !== undefined || (run.status !== 'running' && !wasGivenUp(run))) return;
  const { code, detail, disposition } = failure;
  await failRun(stored, deps, new AdpError(code, detail, { disposition }), run.errors.filter(fromDoor));
}

/** A poll of a source that has ended. */
export interface EndedPoll {
  readonly dealerId: string;
  readonly sourceId: string;
  readonly ended: readonly EndedRead[];
}

export interface EndPollDeps {
  readonly statuses: StatusStore;
  readonly secrets: SecretSource;
  readonly sourceOf: (dealerId: string, sourceId: string) => Promise<PolledSource>;
  /** False where the source was deleted, or its dealer. */
  readonly isThere: (dealerId: string, sourceId: string) => Promise<boolean>;
  readonly now: () => Date;
}

/** Says in the source's status how it went, and parks it where a person has to do something. Twice is harmless. */
export async function endPoll({ dealerId, sourceId, ended }: EndedPoll, deps: EndPollDeps): Promise<void> {
  // What is gone has no status: who gets its id next must not begin with that.
  if (!(await deps.isThere(dealerId, sourceId))) return;
  const seen = failureOf(ended)?.seen ?? (await seenNow(dealerId, sourceId, deps));
  const now = deps.now().toISOString();
  await deps.statuses.change(dealerId, sourceId, (status) => afterPoll(status, ended, now, seen));
}

/** What must change for a parked source to go on. */
async function seenNow(dealerId: string, sourceId: string, { sourceOf, secrets }: EndPollDeps): Promise<Seen> {
  try {
    return await seenOf(await sourceOf(dealerId, sourceId), secrets);
  } catch (error) {
    // Disabled or gone: once it is back it has another ETag.
    if (error instanceof AdpError && error.disposition === 'park') return { etag: '' };
    throw error;
  }
}
