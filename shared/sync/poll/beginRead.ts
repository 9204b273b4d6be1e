import type { Connection } from '../../connectors/connector.ts';
import { toInstant } from '../../model/instant.ts';
import { emptyCounts, type RunId } from '../../model/run.ts';
import type { ClaimedState } from './claim.ts';
import type { PollPlace } from './cursorStore.ts';
import type { PolledEntity } from './polledSource.ts';
import type { PollDeps } from './pollPages.ts';
import { sealPollRun } from './pollRun.ts';
import type { PollState, Reading } from './pollState.ts';

/** A read that is about to begin. */
export interface ReadBeginning {
  readonly place: PollPlace;
  readonly runId: RunId;
  readonly entity: PolledEntity;
  readonly state: PollState;
}

/**
 * Prepares a read on behalf of a run that has none yet: what an earlier run left behind is settled, and the run gets its
 * stamp. What it answers begins the read at the source, and claims its first page.
 *
 * A backfill that an earlier run did not finish is gone on with where it stopped.
 */
export async function prepareRead(
  beginning: ReadBeginning,
  deps: Pick<PollDeps, 'runs' | 'clock' | 'random' | 'stamps' | 'complete'>,
): Promise<(connection: Connection, signal: AbortSignal) => Promise<ClaimedState>> {
  const { place, runId, entity, state } = beginning;
  const { mode } = place;
  await settle(place, state, deps);
  const isValid = state.meaning === entity.meaning && state.origin === entity.origin;
  const isTrusted = isValid && (mode === 'changes' || (await isFinished(state.reading, deps)));
  const cursor = isTrusted ? state.cursor : undefined;
  const { epoch, captured } = await deps.stamps.next(
    place.dealerId,
    place.entity,
    place.sourceId,
    toInstant(deps.clock()),
  );
  const unfinished = isValid && mode === 'changes' ? unfinishedBackfill(state.reading) : undefined;
  const notes = isValid || state.meaning === '' ? [] : [whyAgain(state, entity)];

  return async (connection, signal) => {
    const read = unfinished?.read ?? (await connection.begin(entity.query, mode, cursor, signal));
    const isSetBack = unfinished === undefined && read.isClockSetBack === true;
    const attempts = state.attempts + 1;
    return {
      ...state,
      cursor,
      meaning: entity.meaning,
      origin: entity.origin,
      // By another mapping they are rejected for other reasons, or not at all.
      rejects: isValid ? state.rejects : [],
      attempts,
      reading: {
        runId,
        read,
        place: unfinished?.place,
        pages: 0,
        isClaimed: true,
        epoch: isSetBack ? await raisedEpoch(place, deps) : epoch,
        captured,
        counts: emptyCounts,
        segments: [{ attempt: attempts, messages: 0 }],
        errors: [],
        notes: [...notes, ...(unfinished === undefined ? (read.notes ?? []) : [resumed(rowsOf(unfinished))])],
        rowsBefore: unfinished === undefined ? 0 : rowsOf(unfinished),
        ...(unfinished?.total === undefined ? {} : { total: unfinished.total }),
        isDone: false,
        notedAt: deps.clock(),
      },
    };
  };
}

/** Rows would look older than what is held of them. Who dies behind it does it again: nothing is lost by that. */
async function raisedEpoch({ dealerId, entity }: PollPlace, { stamps }: Pick<PollDeps, 'stamps'>): Promise<number> {
  await stamps.raiseEpoch(dealerId, entity);
  return await stamps.epochOf(dealerId, entity);
}

/** What an earlier run recorded as read, but did not live to seal; or staged, and did not live to finish. */
async function settle(
  { dealerId, sourceId, entity, mode }: PollPlace,
  { reading, meaning }: PollState,
  deps: Pick<PollDeps, 'runs' | 'clock' | 'random' | 'complete'>,
): Promise<void> {
  if (reading === undefined) return;
  const { runId, epoch, captured, isDone } = reading;
  if (mode === 'changes') {
    if (isDone) await sealPollRun(reading, deps);
  } else if (!isDone) {
    await deps.complete.discard({ dealerId, sourceId, entity, mode, runId, epoch, captured, meaning });
  }
}

/** A cursor of a complete read stands for what was compared: without that nothing may be called unchanged. */
async function isFinished(reading: Reading | undefined, { runs }: Pick<PollDeps, 'runs'>): Promise<boolean> {
  const run = reading === undefined ? undefined : (await runs.get(reading.runId))?.run;
  return run?.status === 'succeeded' || run?.status === 'partial';
}

function unfinishedBackfill(reading: Reading | undefined): Reading | undefined {
  const isUnfinished = reading !== undefined && !reading.isDone && reading.read.isBackfill;
  return isUnfinished && reading.place !== undefined ? reading : undefined;
}

function rowsOf({ rowsBefore, counts }: Reading): number {
  return rowsBefore + counts.read;
}

function resumed(rows: number): string {
  return `Goes on with a first read, of which ${rows} rows were read before.`;
}

function whyAgain(state: PollState, entity: PolledEntity): string {
  const what = state.meaning === entity.meaning ? 'where it is read from' : 'its mapping, zone or `modified`';
  return `Everything is read again: the configuration has changed (${what}).`;
}
