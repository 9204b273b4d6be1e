import { setImmediate } from 'node:timers/promises';
import type { Connection, PulledPage, PulledRow } from '../../connectors/connector.ts';
import { AdpError } from '../../errors.ts';
import type { JsonValue } from '../../model/json.ts';
import { addCounts, emptyCounts } from '../../model/run.ts';
import type { Breaker } from '../../resilience/breaker.ts';
import { type InputRow, ingest } from '../ingest.ts';
import { afterPage, type TakenRows } from './afterPage.ts';
import { prepareRead } from './beginRead.ts';
import { attemptOf, type ClaimedState, claim } from './claim.ts';
import { endWithWindow, isWindowClosed } from './closedWindow.ts';
import type { CompleteRead } from './completeReads.ts';
import type { PollPlace, StoredPollState } from './cursorStore.ts';
import { judgeRejects } from './judgeRejects.ts';
import { rejectDigest } from './knownRejects.ts';
import type { PageOutcome } from './pageOutcome.ts';
import type { PolledEntity, PolledSource } from './polledSource.ts';
import type { PollDeps } from './pollPages.ts';
import { notePollProgress, openPollRun, sealPollRun } from './pollRun.ts';
import type { PollState, Reading } from './pollState.ts';
import { reachSource } from './reachSource.ts';
import type { AheadPage } from './readAhead.ts';
import type { PageRequest } from './readRequest.ts';
import { isUnlimited } from './sourceLimits.ts';

/** A page is what memory holds. How much kinder a shorter one is to a system, its connector knows. */
const maxPageRows = 50_000;
/** Some milliseconds of mapping. */
const rowsAtOnce = 1_000;
/** A page is no more than what the source may be asked for in so many seconds. */
const pageSeconds = 5;
/** While somebody tries out whether the source is back. */
const trialMs = 2_000;

/** What begins a read at the source, or goes on with it: the state that claims the next page. */
type Claiming = (connection: Connection, signal: AbortSignal) => Promise<ClaimedState>;

/** A page whose rows are there, and the claim under which they are delivered. */
interface Claimed {
  readonly claimed: ClaimedState;
  /** The row as it must be when the page is recorded; perhaps it is only about to be. */
  readonly before: Pick<StoredPollState, 'etag'> | Promise<StoredPollState>;
  readonly pulled: PulledPage;
}

/** A page that was sent. */
interface Recording {
  readonly state: ClaimedState;
  /** The row that says so, once the queue has accepted the page. Its error is told to whoever waits for it, if anybody. */
  readonly saved: Promise<StoredPollState>;
}

/** Pages of a read, one after another: one at most is on its way to the queue while the next one is mapped. */
export class PageWork {
  readonly #request: PageRequest;
  readonly #source: PolledSource;
  readonly #entity: PolledEntity;
  readonly #deps: PollDeps;
  readonly #signal: AbortSignal;
  readonly #place: PollPlace;
  /** As `ReadAhead` calls it. */
  readonly #lane: string;
  #recording: Recording | undefined;
  #pages: number;

  constructor(request: PageRequest, source: PolledSource, entity: PolledEntity, deps: PollDeps, signal: AbortSignal) {
    this.#request = request;
    this.#source = source;
    this.#entity = entity;
    this.#deps = deps;
    this.#signal = signal;
    const { dealerId, sourceId, mode } = request;
    this.#place = { dealerId, sourceId, entity: entity.entity, mode };
    this.#lane = `${dealerId}/${sourceId}/${entity.entity}/${mode}`;
    this.#pages = request.page;
  }

  /** How many pages are recorded, as far as is known here. */
  get pages(): number {
    return this.#pages;
  }

  /** A page was sent here: `goOn` knows where. */
  get isUnderWay(): boolean {
    return this.#recording !== undefined;
  }

  /** The page that was asked for. @param stored the state as it is now */
  async begin(stored: StoredPollState): Promise<PageOutcome> {
    return await this.#take(this.#request.page, stored);
  }

  /** The next one: that nobody came between is seen when it is recorded. */
  async goOn(): Promise<PageOutcome> {
    if (this.#recording === undefined) throw new Error('No page was begun.');
    const { state, saved } = this.#recording;
    const { pages, place, isClaimed } = state.reading;
    // Claimed as soon as the page before is recorded. Another one may have begun to read ahead: then nobody has claimed it.
    if (isClaimed && !this.#isWindowClosed()) {
      const early = await this.#deps.ahead.take(this.#lane, this.#pageAt(state, pages, place), this.#signal);
      if (early !== undefined) return await this.#record({ claimed: state, before: saved, pulled: early.pulled });
    }
    return await this.#take(pages, await saved);
  }

  /** Resolves when all that was sent is recorded. @throws AdpError where it can't be */
  async end(outcome: PageOutcome): Promise<void> {
    const { ahead } = this.#deps;
    const saved = await this.#recording?.saved;
    // Who doesn't go on at once begins with a page of its own.
    if (outcome.kind !== 'more') await ahead.drop(this.#lane);
    else if (saved !== undefined) ahead.expect(this.#lane, saved.etag);
  }

  /**
   * Resolves when nothing is pulled or recorded any more, with the error that counts: where a page failed, those after it
   * don't. Messages of a later page may be on their way still, under an attempt that nobody goes on with.
   */
  async giveUp(error: unknown): Promise<unknown> {
    await this.#deps.ahead.drop(this.#lane);
    return (
      (await this.#recording?.saved.then(
        () => error,
        (earlier: unknown) => earlier,
      )) ?? error
    );
  }

  async #take(page: number, stored: StoredPollState): Promise<PageOutcome> {
    const reading = stored.state.reading?.runId === this.#request.runId ? stored.state.reading : undefined;
    this.#pages = reading?.pages ?? this.#pages;
    if (reading?.isDone) return await this.#end(reading, stored.state.meaning);
    if (reading !== undefined && page < reading.pages) return { kind: 'more' };
    if (reading === undefined ? page > 0 : !this.#fits(stored.state)) throw startedOver();
    if (reading?.isEnded || this.#isWindowClosed()) {
      return await endWithWindow(this.#request, stored, reading, this.#deps);
    }

    const early = reading === undefined ? undefined : await this.#early(stored, reading);
    if (early !== undefined) return await this.#record(early);
    const admission = await this.#admit();
    if ('kind' in admission) return admission;
    const claiming = await this.#claiming(stored, reading);
    if ('kind' in claiming) return claiming;
    return await this.#record(await this.#pull(stored, claiming.begin, admission.breaker));
  }

  #isWindowClosed(): boolean {
    return isWindowClosed(this.#source, this.#request, new Date(this.#deps.clock()));
  }

  /** The page as it was read before its turn. */
  async #early(stored: StoredPollState, reading: Reading): Promise<Claimed | undefined> {
    const { ahead, cursors } = this.#deps;
    const { state, etag } = stored;
    const taken = await ahead.take(this.#lane, this.#pageAt(state, reading.pages, reading.place), this.#signal);
    if (taken === undefined) return undefined;
    const { pulled } = taken;
    // Claimed when the last page was recorded, and nobody was here since.
    if (taken.claim !== undefined && taken.claim === etag) {
      return { claimed: { ...state, reading }, before: stored, pulled };
    }
    const claimed = claim(state, reading);
    return { claimed, before: await cursors.save(this.#place, stored, claimed), pulled };
  }

  /** Begins to pull what follows, where nobody minds a request that may be for nothing. */
  #beginAhead(claimed: ClaimedState, { next, pauseMs }: PulledPage): boolean {
    const { ahead, pool, secrets } = this.#deps;
    const source = this.#source;
    if (next === undefined || pauseMs !== undefined || !isUnlimited(source.limits)) return false;
    const { read, pages } = claimed.reading;
    return ahead.begin(this.#lane, this.#pageAt(claimed, pages + 1, next), async (signal) => {
      const secret = source.credential === undefined ? undefined : await secrets.get(source.credential);
      return await pool.use(source, secret, (connection) =>
        connection.pull(this.#entity.query, read, next, this.#pageRows(), signal),
      );
    });
  }

  /** After a reset, attempts have other numbers: a page of the read before is not taken for one of the next. */
  #pageAt({ attempts }: PollState, page: number, place: JsonValue | undefined): AheadPage {
    const key = JSON.stringify([attempts, page, this.#source.etag, place]);
    return { runId: this.#request.runId, key };
  }

  /** Whether the source may be asked now: its breaker first, since a token that was taken is gone. */
  async #admit(): Promise<PageOutcome | { readonly breaker: Breaker }> {
    const { breakers, limits } = this.#deps;
    const { dealerId, sourceId, entity } = this.#place;
    const key = `${dealerId}/${sourceId}`;
    const admission = await breakers.admit(key);
    if (!admission.isAdmitted) {
      const { state } = await breakers.read(key);
      if (state !== 'open') return { kind: 'wait', ms: trialMs };
      const until = new Date(admission.retryAt).toISOString();
      return { kind: 'refused', detail: `The source has failed too often; it is left alone until ${until}.` };
    }
    const ms = await limits.take(dealerId, sourceId, entity, this.#source.limits);
    if (ms === 0) return { breaker: admission.breaker };
    // A trial that isn't made is not kept from whoever asks next.
    if (admission.breaker.state === 'half-open') await breakers.probe(key);
    return { kind: 'wait', ms };
  }

  async #claiming(
    { state }: StoredPollState,
    reading: Reading | undefined,
  ): Promise<PageOutcome | { readonly begin: Claiming }> {
    if (reading !== undefined) return { begin: async () => claim(state, reading) };
    const { run } = await openPollRun(this.#request, this.#deps);
    // It was finished, and the source reset since.
    if (run.sealed !== undefined) return { kind: 'done', counts: run.sealed.counts };
    const beginning = { place: this.#place, runId: run.runId, entity: this.#entity, state };
    return { begin: await prepareRead(beginning, this.#deps) };
  }

  /** The claim is written while the source is asked for the page; nothing is sent before both are there. */
  async #pull(stored: StoredPollState, begin: Claiming, breaker: Breaker): Promise<Claimed> {
    const { cursors } = this.#deps;
    let begun: { readonly claimed: ClaimedState; readonly saving: Promise<StoredPollState> } | undefined;
    const ask = async (connection: Connection) => {
      if (begun === undefined) {
        const claimed = await begin(connection, this.#signal);
        begun = { claimed, saving: cursors.save(this.#place, stored, claimed) };
        begun.saving.catch(() => 'It is awaited below.');
      }
      const { read, place } = begun.claimed.reading;
      const pulled = await connection.pull(this.#entity.query, read, place, this.#pageRows(), this.#signal);
      return { ...begun, pulled };
    };
    try {
      const { claimed, saving, pulled } = await reachSource(this.#source, breaker, this.#deps, ask);
      return { claimed, before: await saving, pulled };
    } finally {
      // A claim that is still on its way would meet the next try's.
      await begun?.saving.catch(() => undefined);
    }
  }

  #pageRows(): number {
    const { rows_per_second } = this.#source.limits;
    return rows_per_second === undefined
      ? maxPageRows
      : Math.max(1, Math.min(maxPageRows, Math.ceil(rows_per_second * pageSeconds)));
  }

  async #record({ claimed, before, pulled }: Claimed): Promise<PageOutcome> {
    const { limits } = this.#deps;
    const { dealerId, sourceId } = this.#place;
    const goesOn = this.#beginAhead(claimed, pulled);
    // The source is to be at work while mapping takes the thread.
    if (goesOn) await setImmediate();
    await limits.note(dealerId, sourceId, pulled.rows.length, this.#source.limits);
    const { accepted, ...taken } = await this.#deliver(claimed, pulled.rows);
    const state = afterPage(claimed, pulled, taken, goesOn, this.#deps.clock());
    const { reading } = state;
    const { etag } = await before;
    const saved = this.#save({ state: claimed, etag }, accepted, state);
    saved.catch(() => 'Whoever waits for it is told.');
    this.#recording = { state, saved };
    if (reading.isDone) {
      await saved;
      return await this.#end(reading, state.meaning);
    }
    if (reading.notedAt > claimed.reading.notedAt) {
      await saved;
      await notePollProgress(reading, this.#deps);
    }
    return pulled.pauseMs === undefined ? { kind: 'more' } : { kind: 'more', waitMs: pulled.pauseMs };
  }

  async #save(
    before: StoredPollState,
    accepted: readonly Promise<unknown>[],
    state: ClaimedState,
  ): Promise<StoredPollState> {
    await Promise.all(accepted);
    const saved = await this.#deps.cursors.save(this.#place, before, state);
    this.#pages = state.reading.pages;
    return saved;
  }

  /** Sends rows, or stages them. `accepted` is to be waited for before they are recorded. */
  async #deliver(
    { reading, rejects: known }: ClaimedState,
    rows: readonly PulledRow[],
  ): Promise<TakenRows & { readonly accepted: readonly Promise<unknown>[] }> {
    const { attempt, messages: before } = attemptOf(reading);
    const first = reading.counts.read;
    const complete = this.#complete(reading, this.#entity.meaning);
    if (complete !== undefined) {
      if (rows.length > 0) await this.#deps.complete.stage(complete, { attempt, seq: before }, rows);
      const counts = { ...emptyCounts, read: rows.length };
      return { counts, messages: rows.length > 0 ? 1 : 0, errors: [], rejects: [], accepted: [] };
    }
    const { dealerId, sourceId, entity } = this.#place;
    const { runId, epoch, captured, pages } = reading;
    const { mapper, maxRejectRatio } = this.#entity;
    const ingestion = { runId, attempt, dealerId, entity, sourceId, epoch, captured, mapper };
    const rejects: string[] = [];
    const accepted: Promise<unknown>[] = [];
    const ingested = await ingest(inputsOf(rows, first), ingestion, {
      deliver: async (heading, changes) => {
        const sent = await this.#deps.send({ ...heading, seq: before + heading.seq }, changes);
        accepted.push(sent.accepted);
        return sent.messages;
      },
      quarantine: async (mine, rejections) => {
        // An overlap brings the same bad rows again and again: they are in quarantine.
        const found = rejections.map((rejection) => ({ rejection, digest: rejectDigest(rejection) }));
        rejects.push(...found.map(({ digest }) => digest));
        const added = found.filter(({ digest }) => !known.includes(digest)).map(({ rejection }) => rejection);
        if (added.length > 0) await this.#deps.quarantine(mine, added, pages);
      },
      judge: (counts, errors) => judgeRejects(addCounts(reading.counts, counts), errors, maxRejectRatio),
    });
    return { ...ingested, rejects, accepted };
  }

  /** Everything is recorded. Called again, it does what is left to do. */
  async #end(reading: Reading, meaning: string): Promise<PageOutcome> {
    const { counts, segments, notes, suspicion } = reading;
    const complete = this.#complete(reading, meaning);
    if (complete === undefined || reading.isUnchanged) await sealPollRun(reading, this.#deps);
    else {
      const end = { segments, rows: counts.read, notes, ...(suspicion === undefined ? {} : { suspicion }) };
      await this.#deps.complete.finish(complete, end);
    }
    return { kind: 'done', counts };
  }

  #complete({ runId, epoch, captured }: Reading, meaning: string): CompleteRead | undefined {
    const { mode, ...place } = this.#place;
    return mode === 'changes' ? undefined : { ...place, mode, runId, epoch, captured, meaning };
  }

  #fits({ meaning, origin }: PollState): boolean {
    return meaning === this.#entity.meaning && origin === this.#entity.origin;
  }
}

/** Some at a time: between them the next page may come in. */
function* inputsOf(rows: readonly PulledRow[], first: number): Generator<readonly InputRow[]> {
  for (let start = 0; start < rows.length; start += rowsAtOnce) {
    yield rows.slice(start, start + rowsAtOnce).map((row, i): InputRow => {
      const index = first + start + i;
      return 'values' in row ? { index, values: row.values } : { index, error: row.error, raw: row.raw };
    });
  }
}

/** Rows before and after would mean different things. */
function startedOver(): AdpError {
  const message = 'The source was reset or configured anew while it was read: the next run reads everything.';
  return new AdpError('CONFLICT', message, { disposition: 'park' });
}
