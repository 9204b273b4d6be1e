import { type Failure, nextTry, noTries, type Tries } from '../../shared/resilience/retry.ts';
import type { EndedPoll, FailedRead } from '../../shared/sync/poll/endPoll.ts';
import type { PageOutcome } from '../../shared/sync/poll/pageOutcome.ts';
import type { PollInput } from '../../shared/sync/poll/pollStart.ts';
import type { PageRequest, ReadRequest } from '../../shared/sync/poll/readRequest.ts';
import type { EndedRead } from '../../shared/sync/poll/sourceStatus.ts';
import type { OrchestrationContext, Task } from './durable.ts';

/** What activities and orchestrations are called; recorded histories know them by these names. */
export const names = {
  pollSource: 'pollSource',
  pollLane: 'pollLane',
  pollPage: 'pollPage',
  failRead: 'failRead',
  endPoll: 'endPoll',
} as const;

/** Reads that one lane does one after another, and how far it is. */
export interface LaneInput {
  readonly dealerId: string;
  readonly sourceId: string;
  readonly reads: readonly ReadRequest[];
  readonly ended: readonly EndedRead[];
  readonly page: number;
  readonly tries: Tries;
}

export interface LaneOutput {
  readonly ended: readonly EndedRead[];
}

type Turn<Output> = Generator<Task, Output, never>;

/** Histories stay short: a lane continues as new after so many steps. */
const maxSteps = 100;

/** Polls a source once: its reads in as many lanes as it may be asked for at the same time, then its status. */
export function* pollSource({ df }: OrchestrationContext): Turn<LaneOutput> {
  const { dealerId, sourceId, reads, concurrency, notBefore } = df.getInput<PollInput>();
  if (notBefore !== undefined && new Date(notBefore) > df.currentUtcDateTime) yield df.createTimer(new Date(notBefore));
  // Reads of one entity never run side by side: what came while a complete read was under way is told by its time.
  const entities = [...new Set(reads.map(({ entity }) => entity))];
  const lanes = Array.from({ length: Math.min(concurrency, entities.length) }, (_, lane) =>
    reads.filter(({ entity }) => entities.indexOf(entity) % concurrency === lane),
  );
  const ended = yield* endOf(
    reads,
    df.Task.all(
      lanes.map((some) => {
        const lane: LaneInput = { dealerId, sourceId, reads: some, ended: [], page: 0, tries: noTries };
        return df.callSubOrchestrator(names.pollLane, lane);
      }),
    ),
  );
  const poll: EndedPoll = { dealerId, sourceId, ended };
  yield* insist(df, names.endPoll, poll);
  return { ended };
}

/** How the reads of all lanes ended. A lane never throws; it may be ended by hand, or by a fault of ours. */
function* endOf(reads: readonly ReadRequest[], lanes: Task): Turn<readonly EndedRead[]> {
  try {
    const outputs: readonly LaneOutput[] = yield lanes;
    return outputs.flatMap(({ ended }) => ended);
  } catch {
    const detail = 'The poll was ended from outside, or by a fault of the hub: the next one reads what is missing.';
    return reads.map((read) => ({ ...read, kind: 'failed', code: 'INTERNAL', disposition: 'retry', detail }));
  }
}

/** Reads one entity after another, page by page. All waiting is here, and by durable timers. */
export function* pollLane({ df }: OrchestrationContext): Turn<LaneOutput | undefined> {
  const { dealerId, sourceId, reads, ...begun } = df.getInput<LaneInput>();
  let { ended, page, tries } = begun;
  for (let step = 0; step < maxSteps; step++) {
    const read = reads[ended.length];
    if (read === undefined) return { ended };
    const halted = ended.find(halts);
    const request: PageRequest = { dealerId, sourceId, ...read, page };
    const outcome: PageOutcome = halted === undefined ? yield* ask(df, request) : halted;
    const recorded = outcome.pages ?? (outcome.kind === 'more' ? page + 1 : page);
    if (recorded > page) {
      page = recorded;
      tries = noTries;
    }
    if (outcome.kind === 'more') {
      if (outcome.waitMs !== undefined) yield later(df, outcome.waitMs);
    } else if (outcome.kind === 'wait') {
      yield later(df, outcome.ms);
    } else if (outcome.kind === 'done') {
      ended = [...ended, { ...read, ...outcome }];
      page = 0;
      tries = noTries;
    } else {
      const failure = failureOf(outcome);
      const next = outcome.kind === 'refused' ? stop : nextTry(failure, tries, `${read.runId} ${page}`);
      if (next.kind === 'wait') {
        tries = next.tries;
        yield later(df, next.ms);
      } else {
        const failed: FailedRead = { dealerId, sourceId, ...read, failure };
        yield* insist(df, names.failRead, failed);
        const seen = outcome.kind === 'failed' && outcome.seen !== undefined ? { seen: outcome.seen } : {};
        ended = [...ended, { ...read, kind: 'failed', ...failure, ...seen }];
        page = 0;
        tries = noTries;
      }
    }
  }
  const next: LaneInput = { dealerId, sourceId, reads, ended, page, tries };
  df.continueAsNew(next);
  return undefined;
}

const stop = { kind: 'stop' } as const;

/** A credential that was refused is not tried for the next entity: accounts get locked by that. */
function halts(read: EndedRead): read is EndedRead & { readonly kind: 'failed' } {
  return read.kind === 'failed' && read.code === 'AUTH_FAILED' && read.disposition === 'park';
}

/** The activity itself never throws; its host may, if it dies or takes too long. */
function* ask(df: OrchestrationContext['df'], request: PageRequest): Turn<PageOutcome> {
  try {
    const outcome: PageOutcome = yield df.callActivity(names.pollPage, request);
    return outcome;
  } catch {
    const detail = 'The activity that read the page was lost; the log has more.';
    return { kind: 'failed', code: 'INTERNAL', disposition: 'retry', detail };
  }
}

function failureOf(outcome: Extract<PageOutcome, { kind: 'refused' | 'failed' }>): Failure {
  if (outcome.kind === 'refused') return { code: 'NETWORK_ERROR', disposition: 'retry', detail: outcome.detail };
  const { code, disposition, detail, retryAfterMs } = outcome;
  return { code, disposition, detail, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

const insistences = [1_000, 10_000, 60_000, 300_000] as const;

/** Calls an activity that must have its say. What it then still could not do, sweeps do later. */
function* insist(df: OrchestrationContext['df'], activity: string, request: FailedRead | EndedPoll): Turn<void> {
  for (const ms of [...insistences, undefined]) {
    try {
      yield df.callActivity(activity, request);
      return;
    } catch {
      if (ms !== undefined) yield later(df, ms);
    }
  }
}

function later(df: OrchestrationContext['df'], ms: number): Task {
  return df.createTimer(new Date(df.currentUtcDateTime.getTime() + Math.max(1, Math.ceil(ms))));
}
