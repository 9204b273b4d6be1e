import { AdpError } from '../../errors.ts';
import { emptyCounts } from '../../model/run.ts';
import { type RunDeps, sealRun } from '../runWork.ts';
import type { CursorStore, StoredPollState } from './cursorStore.ts';
import type { PageOutcome } from './pageOutcome.ts';
import type { PolledSource } from './polledSource.ts';
import { openPollRun, sealPollRun } from './pollRun.ts';
import type { Reading } from './pollState.ts';
import type { PageRequest } from './readRequest.ts';
import { isAllowed } from './schedule.ts';

const note = 'Polling is not allowed any more (schedule.windows): the next run goes on.';

/** True where the source must be left alone now; what somebody asked for goes on outside its windows too. */
export function isWindowClosed({ schedule, zone }: PolledSource, { anytime }: PageRequest, now: Date): boolean {
  return anytime !== true && !isAllowed(schedule.windows, zone, now);
}

/**
 * Ends a read whose window has closed: what was read so far stands, and the next run goes on from there. The row is
 * changed before the run is sealed, so that an activity that was held up can't record a page which its receipt lacks.
 * @param stored as it is now; `reading` is this run's, if it began to read
 * @throws AdpError `CONFLICT` (park) for a complete read, of which a part tells nothing; (retry) where another was there
 * first
 */
export async function endWithWindow(
  request: PageRequest,
  stored: StoredPollState,
  reading: Reading | undefined,
  deps: RunDeps & { readonly cursors: CursorStore },
): Promise<PageOutcome> {
  if (request.mode !== 'changes') {
    const message =
      'The window (schedule.windows) closed before everything was read, so nothing was compared. Give the source longer windows, or trigger it.';
    throw new AdpError('CONFLICT', message, { disposition: 'park' });
  }
  const run = await openPollRun(request, deps);
  if (reading === undefined ? run.run.sealed === undefined : !reading.isEnded) {
    const state = reading === undefined ? stored.state : { ...stored.state, reading: { ...reading, isEnded: true } };
    await deps.cursors.save(request, stored, state);
  }
  if (reading !== undefined) {
    await sealPollRun({ ...reading, notes: [...reading.notes, note] }, deps);
  } else if (run.run.sealed === undefined) {
    await sealRun(run, { counts: emptyCounts, messages: 0, segments: [], errors: [], notes: [note] }, deps);
  }
  return { kind: 'done', counts: reading?.counts ?? emptyCounts };
}
