import type { Clock } from '../../clock.ts';
import { AdpError } from '../../errors.ts';
import { isShut } from '../../resilience/breaker.ts';
import type { Breakers } from './breakers.ts';
import { dueReads, noteBegun, unseenReads } from './dueReads.ts';
import type { PolledSource } from './polledSource.ts';
import { instanceIdOf, type PollStarter, toPollInput } from './pollStart.ts';
import type { SecretSource } from './reachSource.ts';
import { jitterMs } from './schedule.ts';
import type { Parking, SourceStatus, StatusStore } from './sourceStatus.ts';

export interface StartDueDeps<Dealer extends { readonly id: string } = { readonly id: string }> {
  readonly dealers: () => AsyncIterable<Dealer>;
  /** A dealer's enabled sources that are polled; none of a disabled dealer. */
  readonly sourcesOf: (dealer: Dealer) => AsyncIterable<PolledSource>;
  readonly statuses: StatusStore;
  readonly breakers: Breakers;
  readonly secrets: SecretSource;
  readonly clock: Clock;
  readonly random: () => string;
  /** Told of a dealer or source whose turn failed: one must not keep the others waiting. */
  readonly onFailure: (dealerId: string, sourceId: string | undefined, error: unknown) => void;
}

/** How often it is looked for what is due: what was saved since the last time may be due for the first time. */
const everyMs = 60_000;
/** Dealers that are looked at at the same time. */
const atOnce = 16;

/** Starts a poll for each source that is due. Answers how many were started. */
export async function startDue<Dealer extends { readonly id: string }>(
  starter: PollStarter,
  deps: StartDueDeps<Dealer>,
): Promise<number> {
  let started = 0;
  const looking = new Set<Promise<void>>();
  for await (const dealer of deps.dealers()) {
    const one = startDealer(dealer, starter, deps)
      .then((count) => {
        started += count;
      })
      .catch((error: unknown) => deps.onFailure(dealer.id, undefined, error))
      .finally(() => looking.delete(one));
    looking.add(one);
    if (looking.size >= atOnce) await Promise.race(looking);
  }
  await Promise.all(looking);
  return started;
}

async function startDealer<Dealer extends { readonly id: string }>(
  dealer: Dealer,
  starter: PollStarter,
  deps: StartDueDeps<Dealer>,
): Promise<number> {
  let statuses: ReadonlyMap<string, SourceStatus> | undefined;
  let started = 0;
  for await (const source of deps.sourcesOf(dealer)) {
    statuses ??= await deps.statuses.list(dealer.id);
    try {
      if (await startSource(source, statuses.get(source.sourceId), starter, deps)) started++;
    } catch (error) {
      deps.onFailure(dealer.id, source.sourceId, error);
    }
  }
  return started;
}

async function startSource(
  source: PolledSource,
  status: SourceStatus = { begun: {}, reads: {} },
  starter: PollStarter,
  deps: Omit<StartDueDeps, 'dealers' | 'sourcesOf'>,
): Promise<boolean> {
  const { dealerId, sourceId, schedule, zone } = source;
  const now = new Date(deps.clock());
  const unseen = unseenReads(source, status, now);
  const before = new Date(now.getTime() - everyMs);
  if (unseen.length > 0) await deps.statuses.change(dealerId, sourceId, (then) => noteBegun(then, unseen, before));
  const reads = dueReads(source, noteBegun(status, unseen, before), now);
  if (reads.length === 0) return false;
  if (status.parked !== undefined && !(await isMended(status.parked, source, deps.secrets))) return false;
  const breaker = await deps.breakers.read(`${dealerId}/${sourceId}`);
  if (breaker.state === 'open' && isShut(breaker, now.getTime())) return false;

  const id = instanceIdOf(dealerId, sourceId);
  const input = toPollInput(source, 'schedule', reads, deps, jitterMs(id, schedule, zone, now));
  const { kind } = await starter.start(id, input);
  // What still runs was due before; what is due now stays so, and begins once that has ended.
  if (kind === 'running') return false;
  await deps.statuses.change(dealerId, sourceId, (then) => noteBegun(then, reads, now));
  return true;
}

/** Whether a person has done something about why the source was parked. */
export async function isMended(
  { etag, secretVersion }: Parking,
  source: PolledSource,
  secrets: SecretSource,
): Promise<boolean> {
  if (etag !== source.etag) return true;
  const { credential } = source;
  if (credential === undefined) return false;
  const isOther = async (fresh: boolean) => (await secrets.get(credential, { fresh })).version !== secretVersion;
  try {
    // Another instance may have failed with what this one does not know yet: accounts get locked by that.
    return (await isOther(false)) && (await isOther(true));
  } catch (error) {
    // A vault that has no such secret is as it was.
    if (error instanceof AdpError) return false;
    throw error;
  }
}
