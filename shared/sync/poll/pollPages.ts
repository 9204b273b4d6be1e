import { AdpError, isConflict } from '../../errors.ts';
import type { IngestDeps } from '../ingest.ts';
import type { RunDeps } from '../runWork.ts';
import type { StampSource } from '../stampSource.ts';
import type { CompleteReads } from './completeReads.ts';
import type { CursorStore } from './cursorStore.ts';
import { type PageOutcome, toFailure } from './pageOutcome.ts';
import { PageWork } from './pageWork.ts';
import type { PolledSource } from './polledSource.ts';
import type { ReachDeps } from './reachSource.ts';
import type { ReadAhead } from './readAhead.ts';
import type { PageRequest } from './readRequest.ts';
import { seenOf } from './seenOf.ts';
import type { SourceLimits } from './sourceLimits.ts';
import { parks } from './sourceStatus.ts';

/** Where rows go. */
export interface Delivery extends Pick<IngestDeps, 'quarantine'> {
  /**
   * Hands changes over to the queue. Resolves when all are on their way, with the number of messages; `accepted`, whose
   * error need not be waited for, once the queue has accepted them.
   */
  readonly send: (
    ...sent: Parameters<IngestDeps['deliver']>
  ) => Promise<{ readonly messages: number; readonly accepted: Promise<unknown> }>;
}

/** What reading pages needs of the world. */
export interface PollDeps extends RunDeps, Delivery, ReachDeps {
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

/**
 * Reads pages of a source and delivers them, one after another, each recorded on its own: what an activity does. It may
 * die at any moment and be called again, also while an earlier call is still at it:
 *
 * - a page that is recorded answers what became of it;
 * - nothing is sent before the attempt is claimed under a number of its own, nothing is recorded before the queue has
 *   accepted it and the page before is recorded, and cursor, page, attempt and counts are recorded in one row, under its
 *   ETag;
 * - who loses the race for the row is discarded: what it sent carries a number that does not count.
 *
 * It never waits for longer than a call takes, never tries again, and never throws for what can be foreseen.
 * @param forMs after which no further page is begun; nor is one where the clock was set back
 */
export async function pollPages(
  request: PageRequest,
  deps: PollDeps,
  signal: AbortSignal,
  forMs = strideMs,
): Promise<PageOutcome> {
  const begun = deps.clock();
  const hasTime = () => {
    const ms = deps.clock() - begun;
    return ms >= 0 && ms < forMs;
  };
  let source: PolledSource | undefined;
  let work: PageWork | undefined;
  try {
    const stored = deps.cursors.get(request);
    // Its error is told below, unless the source's comes first.
    stored.catch(() => undefined);
    source = await deps.sourceOf(request.dealerId, request.sourceId);
    const entity = source.entities.find((each) => each.entity === request.entity);
    if (entity === undefined) throw notBrought(request);
    work = new PageWork(request, source, entity, deps, signal);
    let outcome = await work.begin(await stored);
    while (outcome.kind === 'more' && outcome.waitMs === undefined && work.isUnderWay && hasTime()) {
      outcome = await work.goOn();
    }
    await work.end(outcome);
    return outcome.kind === 'done' ? outcome : { pages: work.pages, ...outcome };
  } catch (thrown) {
    const error = work === undefined ? thrown : await work.giveUp(thrown);
    const pages = work?.pages ?? request.page;
    if (isConflict(error) && error.disposition === 'retry') return { kind: 'wait', ms: lostMs, pages };
    const { failure, isUnforeseen } = toFailure(error);
    if (isUnforeseen) deps.onFailure(request, error);
    const seen = source !== undefined && parks(failure) ? { seen: await seenOf(source, deps.secrets) } : {};
    return { kind: 'failed', ...failure, ...seen, pages };
  }
}

/** Nobody has to do anything about it: that is how the source is configured now. */
function notBrought({ sourceId, entity }: PageRequest): AdpError {
  const message = `The source ${sourceId} does not bring ${entity} any more.`;
  return new AdpError('CONFLICT', message, { disposition: 'park' });
}
