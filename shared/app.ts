import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { type Arrivals, createArrivals } from './arrivals.ts';
import { type Authenticator, createAuthenticator } from './auth/authenticate.ts';
import { type Keys, keysIn } from './auth/keys.ts';
import type { Clock, Random } from './clock.ts';
import { openSecrets, type Secrets } from './credentials/keyVault.ts';
import { again, deliver, receive, send } from './delivery/deliver.ts';
import { openQueues } from './delivery/serviceBus.ts';
import { AdpError } from './errors.ts';
import type { Run, RunId } from './model/run.ts';
import { createPolling, type Polling } from './polling.ts';
import { createRateLimit, type RateLimit } from './resilience/rateLimit.ts';
import { type Environment, readKeyVault, readSettings, type Settings } from './settings.ts';
import { createSnapshots, type Snapshots } from './snapshots.ts';
import { type Configuration, createConfiguration } from './sources/configuration.ts';
import { type Dealers, dealersIn } from './sources/dealers.ts';
import { type Packs, packsIn } from './sources/packs.ts';
import { type Sources, sourcesIn } from './sources/sources.ts';
import { openBlobs } from './store/blobs.ts';
import { openDocuments } from './store/cosmos.ts';
import { type Idempotency, idempotencyIn } from './store/idempotency.ts';
import { statesIn } from './store/limits.ts';
import { type Quarantine, quarantineIn } from './store/quarantine.ts';
import { type Records, recordsIn } from './store/records.ts';
import { type Runs, runsIn } from './store/runs.ts';
import { stampsIn } from './store/stamps.ts';
import { openTables } from './store/tables.ts';
import { applyChanges, type WriterDeps } from './sync/applyChanges.ts';
import { type ClosingDeps, closeRuns, currentRun } from './sync/closeRuns.ts';
import { type Ended, takeDeadLetter } from './sync/deadLetters.ts';
import type { IngestDeps } from './sync/ingest.ts';
import { stagedUnder } from './sync/poll/completeReads.ts';
import { type PurgeDeps, purge, purgeHistory } from './sync/purge.ts';
import { type Batch, push, type Receipt } from './sync/push.ts';
import type { Chunk } from './sync/quarantined.ts';
import { replay } from './sync/replay.ts';
import type { RunDeps } from './sync/runWork.ts';
import { consoleLog, describeError, type Log } from './telemetry/log.ts';

/** Everything that a door reaches the world through. Each part is made at its first use, and once. */
export interface App {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly keys: Keys;
  readonly authenticator: Authenticator;
  readonly dealers: Dealers;
  readonly sources: Sources;
  readonly packs: Packs;
  /** Changes dealers, sources and packs. */
  readonly configuration: Configuration;
  /** Pushed requests, by dealer. */
  readonly pushRate: RateLimit;
  /** Dealers' credentials. CONFIG_ERROR where KEY_VAULT_URL isn't set. */
  readonly secrets: Secrets;
  readonly runs: Runs;
  readonly records: Records;
  readonly quarantine: Quarantine;
  readonly idempotency: Idempotency;
  /** Takes files that have arrived, and looks for them. */
  readonly arrivals: Arrivals;
  /** Compares full snapshots. */
  readonly snapshots: Snapshots;
  /** Polls databases and APIs. */
  readonly polling: Polling;
  /** Takes a pushed batch: resolves once the queue has accepted it. */
  push(batch: Batch): Promise<Receipt>;
  /** Applies a message of `record-changes`, as the trigger hands it over. */
  write(message: unknown): Promise<void>;
  /** Takes a message that the queue has given up on. */
  takeDeadLetter(message: unknown, tries: number): Promise<Ended>;
  /** Sends quarantined rows again; `undefined` where there is nothing left to send. */
  replay(chunk: Chunk, positions: ReadonlySet<number>): Promise<Run | undefined>;
  /** A run as it stands now. */
  currentRun(runId: RunId): Promise<Run | undefined>;
  /** Closes the runs that balance. Answers how many are still open. */
  closeRuns(): Promise<number>;
  /** Removes what is past its time. Answers how many rows went. */
  purge(): Promise<number>;
  /** One a dependency: resolves if it answers. */
  readonly probes: Readonly<Record<string, () => Promise<void>>>;
}

export interface Surroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

const usualSurroundings: Surroundings = { clock: Date.now, random: randomBytes, log: consoleLog };

/**
 * The composition root.
 * @throws AdpError `CONFIG_ERROR` (fatal) that names every setting that is missing or malformed
 */
export function createApp(env: Environment, { clock, random, log }: Surroundings = usualSurroundings): App {
  const settings = readSettings(env);
  const openTable = openTables(settings.storage);

  const keys = once(() => keysIn(openTable, { clock, random }));
  const authenticator = once(() =>
    createAuthenticator({ keys: keys(), adminKeyHash: settings.adminKeyHash, clock, log }),
  );
  const dealers = once(() => dealersIn(openTable, clock));
  const packs = once(() => packsIn(openTable, clock));
  const sources = once(() => sourcesIn({ openTable, clock, dealers: dealers(), packs: packs() }));
  const configuration = once(() =>
    createConfiguration({
      dealers: dealers(),
      sources: sources(),
      packs: packs(),
      epochs: stamps(),
      cursors: {
        reset: (dealerId, sourceId, entities) => polling().reset(dealerId, sourceId, entities),
        forget: (dealerId, sourceId) => polling().forget(dealerId, sourceId),
      },
      records: records(),
      files: arrivals(),
      history: {
        async purge(dealerId) {
          await keys().dropDealer(dealerId);
          await polling().purge(dealerId);
          await blobs().raw('staging').removeUnder(stagedUnder(dealerId));
          await snapshots().purge(dealerId);
          await purgeHistory(dealerId, purging());
          await blobs().raw('quarantine').removeUnder(`${dealerId}/`);
        },
      },
    }),
  );
  const pushRate = once(() =>
    createRateLimit({
      rate: settings.pushRate,
      store: statesIn(openTable, 'pushes'),
      clock,
      onFailure: (error) => log.warn('The rate limit of pushes was not checked.', { error: describeError(error) }),
    }),
  );

  const secrets = once(() => secretsOf(env, clock));
  const queues = once(() => openQueues(settings.serviceBus));
  const blobs = once(() => openBlobs(settings.storage));
  const documents = once(() => openDocuments(settings.cosmos, 'records'));
  const records = once(() => recordsIn(documents()));
  const runs = once(() => runsIn(openTable));
  const stamps = once(() => stampsIn(openTable));
  const idempotency = once(() => idempotencyIn(openTable, clock, () => randomText(random, 10)));
  const quarantine = once(() => quarantineIn(openTable, blobs().container('quarantine'), clock));
  const claims = once(() => blobs().container('claims'));
  const changes = once(() => queues().outbox('record-changes'));

  const delivery = once(() => ({ outbox: changes(), claims: claims() }));
  const running = once((): RunDeps & IngestDeps => ({
    runs: runs(),
    clock,
    random: () => randomText(random, 10),
    deliver: (heading, some) => deliver(heading, some, delivery()),
    quarantine: (ingestion, rejections, window) => quarantine().keepRejected(ingestion, rejections, window),
  }));
  const arrivals = once(() =>
    createArrivals({
      settings: settings.files,
      openTable,
      blobs: blobs(),
      sources: sources(),
      stamps: stamps(),
      running: running(),
      arrivals: queues().outbox('file-arrivals'),
      diffs: queues().outbox('snapshot-diffs'),
      clock,
      log,
    }),
  );
  const snapshots = once(() =>
    createSnapshots({
      openTable,
      blobs: blobs(),
      dealers: dealers(),
      sources: sources(),
      stamps: stamps(),
      runs: runs(),
      records: records(),
      running: running(),
      diffs: queues().outbox('snapshot-diffs'),
      random,
      log,
    }),
  );
  const polling = once(() =>
    createPolling({
      openTable,
      blobs: blobs(),
      dealers: dealers(),
      sources: sources(),
      stamps: stamps(),
      runs: runs(),
      running: { ...running(), send: (heading, some) => send(heading, some, delivery()) },
      diffs: queues().outbox('snapshot-diffs'),
      secrets,
      clock,
      random,
      log,
    }),
  );
  const writing = once(
    (): WriterDeps => ({
      records: records(),
      runs: runs(),
      quarantine: (message, unwritable) => quarantine().keepUnwritable(message, unwritable),
      clock,
      wait: (ms) => setTimeout(ms),
      log,
    }),
  );
  const purging = once(
    (): PurgeDeps => ({
      dealers: dealers(),
      runs: runs(),
      quarantine: quarantine(),
      idempotency: idempotency(),
      ledger: arrivals().ledger,
      clock,
    }),
  );
  const closing = once((): ClosingDeps => ({ runs: runs(), clock, giveUpAfterMs: settings.runGiveUpMinutes * 60_000 }));
  const deadline = () => new Date(clock() + writerPatienceMs);
  let sweeps = 0;

  return {
    settings,
    get secrets() {
      return secrets();
    },
    get runs() {
      return runs();
    },
    get records() {
      return records();
    },
    get quarantine() {
      return quarantine();
    },
    get idempotency() {
      return idempotency();
    },
    get arrivals() {
      return arrivals();
    },
    get snapshots() {
      return snapshots();
    },
    get polling() {
      return polling();
    },
    push: (batch) => push(batch, { ...running(), stamps: stamps() }),
    write: async (message) => applyChanges(await receive(message, claims()), writing(), deadline()),
    takeDeadLetter: (message, tries) =>
      takeDeadLetter(
        message,
        tries,
        {
          ...writing(),
          open: (body) => receive(body, claims()),
          sendAgain: (body, count, notBefore) => changes().send(again(JSON.stringify(body), count, notBefore)),
          keepUnreadable: async (body, why) => {
            const blob = await quarantine().keepUnreadable(
              body,
              why instanceof AdpError ? why.message : 'See the log.',
            );
            log.error('A message of record-changes can not be taken; it is kept in quarantine.', {
              blob,
              error: describeError(why),
            });
          },
        },
        deadline(),
      ),
    replay: (chunk, positions) =>
      replay(chunk, positions, {
        ...running(),
        markDone: (some, done) => quarantine().markDone(some, done),
        mapperOf: ({ dealerId, entity, sourceId }) => sources().mapperOf(dealerId, entity, sourceId),
      }),
    currentRun: (runId) => currentRun(closing(), runId),
    closeRuns: () => closeRuns(closing(), sweeps++),
    purge: () => purge(purging()),
    clock,
    get keys() {
      return keys();
    },
    get authenticator() {
      return authenticator();
    },
    get dealers() {
      return dealers();
    },
    get sources() {
      return sources();
    },
    get packs() {
      return packs();
    },
    get configuration() {
      return configuration();
    },
    get pushRate() {
      return pushRate();
    },
    probes: {
      tables: async () => {
        await openTable('dealers').get('dealer', '-');
      },
      blobs: () => blobs().probe(),
      serviceBus: () => queues().probe(),
      cosmos: () => documents().probe(),
    },
  };
}

/**
 * Dealers' credentials, for who needs no more of the hub.
 * @throws AdpError CONFIG_ERROR where KEY_VAULT_URL is missing or malformed
 */
export function secretsOf(env: Environment, clock: Clock): Secrets {
  return openSecrets(readKeyVault(env), clock);
}

/** That many characters of `0-9a-z`. */
function randomText(random: Random, length: number): string {
  return Array.from(random(length), (byte) => (byte % 36).toString(36)).join('');
}

/** How long the writer waits for a store that is busy, within a message's lock of five minutes. */
const writerPatienceMs = 4 * 60_000;

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
