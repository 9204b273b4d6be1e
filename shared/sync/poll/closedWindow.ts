import { AdpError } from '../../errors.ts';
import { emptyCounts } from '../../model/run.ts';
import { type RunDeps, sealRun } from '../runWork.ts';
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
 * Ends a read whose window has closed: what was read so far stands, and the next run goes on from there.
 * @throws AdpError `CONFLICT` (park) for a complete read, of which a part tells nothing
 */
export async function endWithWindow(
  request: PageRequest,
  reading: Reading | undefined,
  deps: RunDeps,
): Promise<PageOutcome> {
  if (request.mode !== 'changes') {
    const message =
      'The window (schedule.windows) closed before everything was read, so nothing was compared. Give the source longer windows, or trigger it.';
    throw new AdpError('CONFLICT', message, { disposition: 'park' });
  }
  const stored = await openPollRun(request, deps);
  if (reading !== undefined) {
    await sealPollRun({ ...reading, notes: [...reading.notes, note] }, deps);
  } else if (stored.run.sealed === undefined) {
    await sealRun(stored, { counts: emptyCounts, messages: 0, segments: [], errors: [], notes: [note] }, deps);
  }
  return { kind: 'done', counts: reading?.counts ?? emptyCounts };
}
