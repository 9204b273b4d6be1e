import { AdpError, isConflict } from '../../errors.ts';
import type { IngestDeps } from '../ingest.ts';
import type { RunDeps } from '../runWork.ts';
import type { StampSource } from '../stampSource.ts';
import type { CompleteReads } from './completeReads.ts';
import type { CursorStore, StoredPollState } from './cursorStore.ts';
import { type PageOutcome, toFailure } from './pageOutcome.ts';
import { PageWork } from './pageWork.ts';
import type { PolledSource } from './polledSource.ts';
import type { ReachDeps } from './reachSource.ts';
import type { ReadAhead } from './readAhead.ts';
import type { PageRequest } from './readRequest.ts';
import { seenOf } from './seenOf.ts';
import type { SourceLimits } from './sourceLimits.ts';
import { parks } from './sourceStatus.ts';

/** What reading a page needs of the world. */
export interface PollDeps extends RunDeps, IngestDeps, ReachDeps {
  readonly cursors: CursorStore;
  readonly ahead: ReadAhead;
  readonly stamps: StampSource;
  readonly limits: SourceLimits;
  readonly complete: CompleteReads;
  /** @throws AdpError `CONFIG_ERROR`, `CONFLICT` (park) where it can't be polled, with what to do */
  readonly sourceOf: (dealerId: string, sourceId: string) => Promise<PolledSource>;
  /** Takes an error that nobody foresaw. */
  readonly onFailure: (request: PageRequest, error: unknown) => void;
}

/** Another one works on the same page, or somebody reset the source meanwhile. */
const lostMs = 1_000;
/**
 * An activity goes on from page to page for so long: each turn of an orchestration costs as much as mapping thousands of
 * rows. What a person changes (a source is disabled, its limits are lowered) is heeded by the next one.
 */
const strideMs = 2_000;

/** What a page that was recorded leaves to the next one. */
interface Recorded {
  readonly source: PolledSource;
  readonly stored: StoredPollState;
}

/**
 * Reads pages of a source and delivers them, one after another, each recorded on its own: what an activity does. It may
 * die at any moment and be called again, also while an earlier call is still at it:
 *
 * - a page that is recorded answers what became of it;
 * - nothing is sent before the attempt is claimed under a number of its own, nothing is recorded before the queue has
 *   accepted it, and cursor, page, attempt and counts are recorded in one row, under its ETag;
 * - who loses the race for the row is discarded: what it sent carries a number that does not count.
 *
 * It never waits for longer than a call takes, never tries again, and never throws for what can be foreseen.
 */
export async function pollPages(request: PageRequest, deps: PollDeps, signal: AbortSignal): Promise<PageOutcome> {
  const end = deps.clock() + strideMs;
  let { page } = request;
  let recorded: Recorded | undefined;
  for (;;) {
    const taken = await takePage({ ...request, page }, deps, signal, recorded);
    const { outcome } = taken;
    recorded = taken.recorded;
    page = outcome.pages ?? recorded?.stored.state.reading?.pages ?? page;
    const goesOn = outcome.kind === 'more' && outcome.waitMs === undefined && recorded !== undefined;
    if (goesOn && deps.clock() < end) continue;
    return outcome.kind === 'done' ? outcome : { ...outcome, pages: page };
  }
}

/** One page. */
export async function pollPage(request: PageRequest, deps: PollDeps, signal: AbortSignal): Promise<PageOutcome> {
  return (await takePage(request, deps, signal, undefined)).outcome;
}

/** @param before what is known since the page before was recorded; that nobody came between is seen when it is saved */
async function takePage(
  request: PageRequest,
  deps: PollDeps,
  signal: AbortSignal,
  before: Recorded | undefined,
): Promise<{ readonly outcome: PageOutcome; readonly recorded?: Recorded }> {
  let source = before?.source;
  try {
    const stored = before === undefined ? deps.cursors.get(request) : Promise.resolve(before.stored);
    // Its error is told below, unless the source's comes first.
    stored.catch(() => undefined);
    source ??= await deps.sourceOf(request.dealerId, request.sourceId);
    const entity = source.entities.find((each) => each.entity === request.entity);
    if (entity === undefined) throw notBrought(request);
    const { outcome, saved } = await new PageWork(request, source, entity, deps, signal).take(await stored);
    return saved === undefined ? { outcome } : { outcome, recorded: { source, stored: saved } };
  } catch (error) {
    if (isConflict(error) && error.disposition === 'retry') return { outcome: { kind: 'wait', ms: lostMs } };
    const { failure, isUnforeseen } = toFailure(error);
    if (isUnforeseen) deps.onFailure(request, error);
    const seen = source !== undefined && parks(failure) ? { seen: await seenOf(source, deps.secrets) } : {};
    return { outcome: { kind: 'failed', ...failure, ...seen } };
  }
}

/** Nobody has to do anything about it: that is how the source is configured now. */
function notBrought({ sourceId, entity }: PageRequest): AdpError {
  const message = `The source ${sourceId} does not bring ${entity} any more.`;
  return new AdpError('CONFLICT', message, { disposition: 'park' });
}
