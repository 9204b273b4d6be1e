import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock, Random } from './clock.ts';
import { createConnectionPool } from './connectionPool.ts';
import type { Finding, Tools } from './connectors/connector.ts';
import type { Secrets } from './credentials/keyVault.ts';
import { credentialVersion } from './credentials/oauth/rotation.ts';
import type { Outbox } from './delivery/serviceBus.ts';
import { pulledRows } from './formats/pulledRows.ts';
import { createHttp } from './http/createHttp.ts';
import { timeZone } from './mapping/zone.ts';
import type { EntityName } from './model/entities.ts';
import type { Breaker } from './resilience/breaker.ts';
import type { Dealers } from './sources/dealers.ts';
import type { Sources } from './sources/sources.ts';
import type { BlobStore } from './store/blobs.ts';
import { cursorsIn } from './store/cursors.ts';
import { leasesIn } from './store/leases.ts';
import { statesIn } from './store/limits.ts';
import { forgetPollRows, purgePollRows } from './store/pollRows.ts';
import type { Runs } from './store/runs.ts';
import { stagingBlobsIn } from './store/stagingBlobs.ts';
import type { Stamps } from './store/stamps.ts';
import { statusesIn } from './store/statuses.ts';
import type { OpenTable } from './store/tables.ts';
import { createBreakers } from './sync/poll/breakers.ts';
import { completeReadsIn } from './sync/poll/completeReads.ts';
import { describeStatus, type StatusDocument } from './sync/poll/describeStatus.ts';
import { type EndedPoll, endPoll, type FailedRead, failRead } from './sync/poll/endPoll.ts';
import { type PageOutcome, toFailure } from './sync/poll/pageOutcome.ts';
import { type Delivery, type PollDeps, pollPages } from './sync/poll/pollPages.ts';
import type { PollStarter } from './sync/poll/pollStart.ts';
import type { SecretSource } from './sync/poll/reachSource.ts';
import { createReadAhead } from './sync/poll/readAhead.ts';
import type { PageRequest } from './sync/poll/readRequest.ts';
import { createSourceLimits } from './sync/poll/sourceLimits.ts';
import { startDue } from './sync/poll/startDue.ts';
import { type Asked, type Triggered, triggerPoll } from './sync/poll/triggerPoll.ts';
import type { RunDeps } from './sync/runWork.ts';
import { describeError, type Log } from './telemetry/log.ts';

/** The door of databases and APIs. */
export interface Polling {
  /** See `pollPages`. */
  page(request: PageRequest): Promise<PageOutcome>;
  /** Ends the run of a read that is given up. */
  failRead(read: FailedRead): Promise<void>;
  /** Says how a poll of a source went. */
  endPoll(poll: EndedPoll): Promise<void>;
  /** Starts what is due. Answers how many polls. */
  startDue(starter: PollStarter): Promise<number>;
  /** Polls a source now; see `triggerPoll`. @throws AdpError as `Sources.polledSource` does */
  trigger(dealerId: string, sourceId: string, asked: Asked, starter: PollStarter): Promise<Triggered>;
  /** Tests the connection. @throws AdpError as `Sources.polledSource` does */
  check(dealerId: string, sourceId: string): Promise<Finding[]>;
  /** @throws AdpError as `Sources.polledSource` does, but for what is disabled */
  status(dealerId: string, sourceId: string): Promise<StatusDocument>;
  /** The next read of these entities is of everything. */
  reset(dealerId: string, sourceId: string, entities: Iterable<EntityName>): Promise<void>;
  /** The source is gone. */
  forget(dealerId: string, sourceId: string): Promise<void>;
  /** The dealer is gone: who gets its id next must not go on where it stopped. */
  purge(dealerId: string): Promise<void>;
}

export interface PollingDeps {
  readonly openTable: OpenTable;
  readonly blobs: BlobStore;
  readonly dealers: Dealers;
  readonly sources: Sources;
  readonly stamps: Stamps;
  readonly runs: Runs;
  readonly running: RunDeps & Delivery;
  /** Of `snapshot-diffs`. */
  readonly diffs: Outbox;
  /** Asked for only where a source names a credential. */
  readonly secrets: () => Secrets;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** The last resort, for connectors end what takes too long by themselves: their longest time-out is ten minutes. */
const pageMs = 11 * 60_000;
const checkMs = 30_000;
const idleMs = 30_000;

/** Builds the door of databases and APIs out of the app's parts. */
export function createPolling(deps: PollingDeps): Polling {
  const { openTable, sources, clock, log, running } = deps;
  const vault: Secrets = {
    get: async (name, options) => deps.secrets().get(name, options),
    set: async (name, value) => deps.secrets().set(name, value),
  };
  const secrets: SecretSource = {
    async get(name, options) {
      const secret = await vault.get(name, options);
      // A refresh token that the hub itself has renewed makes no other credential: it ends no parking.
      return { value: secret.value, version: credentialVersion(secret) };
    },
  };
  const statuses = statusesIn(openTable);
  const cursors = cursorsIn(openTable);
  const breakers = createBreakers(statesIn<Breaker>(openTable, 'breaker'), clock);
  const pool = createConnectionPool({
    tools: toolsOf(deps, vault),
    idleMs,
    onFailure: (error) => log.warn('A connection to a source was not closed.', { error: describeError(error) }),
  });
  const sourceOf = (dealerId: string, sourceId: string) => sources.polledSource(dealerId, sourceId);
  const isThere = async (dealerId: string, sourceId: string) => {
    const [dealer, source] = await Promise.all([deps.dealers.read(dealerId), sources.read(dealerId, sourceId)]);
    return dealer !== undefined && source !== undefined;
  };
  const paging: PollDeps = {
    ...running,
    cursors,
    ahead: createReadAhead({ after }),
    stamps: deps.stamps,
    secrets,
    pool,
    breakers,
    limits: createSourceLimits({
      buckets: statesIn(openTable, 'requests'),
      hours: statesIn(openTable, 'hours'),
      paces: statesIn(openTable, 'pace'),
      clock,
    }),
    complete: completeReadsIn({
      staging: stagingBlobsIn(deps.blobs.raw('staging')),
      runs: deps.runs,
      handOver: (diff) => deps.diffs.send({ id: diff.run_id, body: JSON.stringify(diff) }),
      clock,
    }),
    sourceOf,
    onFailure: ({ runId }, error) =>
      log.error('A page could not be read.', { run_id: runId, error: describeError(error) }),
  };

  return {
    page: (request) => pollPages(request, paging, AbortSignal.timeout(pageMs)),
    async failRead(read) {
      // A run that is opened now would outlive its dealer.
      if ((await deps.dealers.read(read.dealerId)) !== undefined) await failRead(read, running);
    },
    endPoll: (poll) => endPoll(poll, { statuses, secrets, sourceOf, isThere, now: () => new Date(clock()) }),
    startDue: (starter) =>
      startDue(starter, {
        dealers: () => deps.dealers.list(),
        sourcesOf: (dealer) =>
          sources.polledSources(dealer, (sourceId, error) =>
            log.warn('A source can not be polled as it is configured.', {
              dealer_id: dealer.id,
              source_id: sourceId,
              error: describeError(error),
            }),
          ),
        statuses,
        breakers,
        secrets,
        clock,
        random: running.random,
        onFailure: (dealerId, sourceId, error) =>
          log.error('What is due was not started.', {
            dealer_id: dealerId,
            ...(sourceId === undefined ? {} : { source_id: sourceId }),
            error: describeError(error),
          }),
      }),
    async trigger(dealerId, sourceId, asked, starter) {
      const source = await sourceOf(dealerId, sourceId);
      return await triggerPoll(source, asked, starter, {
        ...running,
        statuses,
        breakers,
        wait: (ms) => sleep(ms),
      });
    },
    async check(dealerId, sourceId) {
      const source = await sources.polledSource(dealerId, sourceId, { evenDisabled: true });
      const queries = source.entities.map(({ query }) => query);
      try {
        // As it is now: who checks has perhaps just put it there.
        const { credential } = source;
        const secret = credential === undefined ? undefined : await secrets.get(credential, { fresh: true });
        const signal = AbortSignal.timeout(checkMs);
        const findings = await pool.use(source, secret, (connection) => connection.check(queries, signal));
        // Who comes next has better luck with another connection than with one that is silent.
        if (signal.aborted) pool.drop(source);
        return findings;
      } catch (error) {
        const { failure, isUnforeseen } = toFailure(error);
        if (isUnforeseen) throw error;
        pool.drop(source);
        return [{ name: 'connection', level: 'error', detail: `${failure.code}: ${failure.detail}` }];
      }
    },
    async status(dealerId, sourceId) {
      const source = await sources.polledSource(dealerId, sourceId, { evenDisabled: true });
      const [dealer, stored] = await Promise.all([deps.dealers.read(dealerId), sources.read(dealerId, sourceId)]);
      const isEnabled = dealer?.value.enabled !== false && stored?.value.enabled !== false;
      return await describeStatus(source, isEnabled, { statuses, cursors, breakers, clock });
    },
    async reset(dealerId, sourceId, entities) {
      for (const entity of entities) await cursors.reset({ dealerId, sourceId, entity });
    },
    forget: (dealerId, sourceId) => forgetPollRows(openTable, dealerId, sourceId),
    purge: (dealerId) => purgePollRows(openTable, dealerId),
  };
}

/** Nothing that keeps a process from ending. */
function after(ms: number, call: () => void): () => void {
  const timer = setTimeout(call, ms).unref();
  return () => clearTimeout(timer);
}

function toolsOf({ openTable, clock, random }: PollingDeps, secrets: Secrets): Tools {
  const owner = Buffer.from(random(9)).toString('base64url');
  const leases = leasesIn(openTable, clock, owner);
  const wait = (ms: number) => sleep(ms);
  return { clock, http: createHttp({ clock, random, secrets, leases, wait }), readRows: pulledRows, timeZone };
}
