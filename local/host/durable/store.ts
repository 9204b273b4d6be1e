import { DatabaseSync } from 'node:sqlite';
import { configError } from '../config.ts';
import type { HistoryEvent } from './history.ts';
import type { Instance, Parent, PendingActivity, PendingTimer, RuntimeStatus } from './instance.ts';

/** An event that an orchestration has yet to see. */
export interface Message {
  readonly number: number;
  readonly event: HistoryEvent;
}

export interface InstanceFilter {
  /** None: any. */
  readonly statuses: readonly string[];
  /** RFC 3339 in UTC, both inclusive; undefined: without a bound. */
  readonly createdFrom: string | undefined;
  readonly createdTo: string | undefined;
  readonly idPrefix: string;
}

/** Every orchestration, and what it waits for, in one SQLite file. */
export interface Store {
  /** All that `change` does is kept, or nothing: what was kept outlives the process. */
  atomically<T>(change: () => T): T;

  find(instanceId: string): Instance | undefined;
  list(filter: InstanceFilter): Instance[];
  put(instance: Instance): void;
  /** Forgets the instance, its history, its inbox and its timers. */
  remove(instanceId: string): void;

  /** Of the present execution. */
  history(instanceId: string): HistoryEvent[];
  appendHistory(instanceId: string, events: readonly HistoryEvent[]): void;

  inbox(instanceId: string): Message[];
  post(instanceId: string, event: HistoryEvent): void;
  take(messages: readonly Message[]): void;
  /** Those with something in the inbox. */
  waitingInstances(): string[];
  /** Forgets the history, the inbox and the timers: an execution has ended, or another begins. */
  clear(instanceId: string, what: 'inboxAndTimers' | 'everything'): void;

  activities(): PendingActivity[];
  addActivity(activity: PendingActivity): void;
  /** False: it was gone. */
  removeActivity(activity: PendingActivity): boolean;

  /** Milliseconds since 1970; undefined where there is no timer. */
  nextTimerAt(): number | undefined;
  timersDue(now: Date): PendingTimer[];
  addTimer(timer: PendingTimer): void;
  removeTimer(instanceId: string, taskId: number): void;

  /** Made up once for each file: whoever knows it may manage orchestrations over HTTP. */
  readonly key: string;
  close(): void;
}

const schema = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS keys (value TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS instances (
    id TEXT PRIMARY KEY, status TEXT NOT NULL, createdAt TEXT NOT NULL, document TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS history (
    number INTEGER PRIMARY KEY AUTOINCREMENT, instanceId TEXT NOT NULL, event TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS historyOfInstance ON history (instanceId);
  CREATE TABLE IF NOT EXISTS inbox (
    number INTEGER PRIMARY KEY AUTOINCREMENT, instanceId TEXT NOT NULL, event TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS inboxOfInstance ON inbox (instanceId);
  CREATE TABLE IF NOT EXISTS activities (
    number INTEGER PRIMARY KEY AUTOINCREMENT, executionId TEXT NOT NULL, taskId INTEGER NOT NULL,
    document TEXT NOT NULL, UNIQUE (executionId, taskId));
  CREATE TABLE IF NOT EXISTS timers (
    instanceId TEXT NOT NULL, taskId INTEGER NOT NULL, fireAt TEXT NOT NULL, PRIMARY KEY (instanceId, taskId));
  CREATE INDEX IF NOT EXISTS timersByTime ON timers (fireAt);`;

/**
 * Opens (or creates) the file, for this process alone. A commit survives SIGKILL; of a power failure it isn't asked.
 * @throws AdpError CONFIG_ERROR where another process has the file
 */
export function openStore(file: string, newKey: () => string): Store {
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec(schema);
  } catch (error) {
    database.close();
    throw configError(`${file} can't be opened. Does another host run on this folder?`, error);
  }
  const sql = (text: string) => database.prepare(text);
  const statements = {
    find: sql('SELECT document FROM instances WHERE id = ?'),
    list: sql(`SELECT document FROM instances WHERE createdAt >= ? AND createdAt <= ? AND substr(id, 1, ?) = ?
      AND (? = '[]' OR status IN (SELECT value FROM json_each(?))) ORDER BY createdAt, id`),
    put: sql('INSERT OR REPLACE INTO instances (id, status, createdAt, document) VALUES (?, ?, ?, ?)'),
    remove: sql('DELETE FROM instances WHERE id = ?'),
    history: sql('SELECT event FROM history WHERE instanceId = ? ORDER BY number'),
    append: sql('INSERT INTO history (instanceId, event) VALUES (?, ?)'),
    clearHistory: sql('DELETE FROM history WHERE instanceId = ?'),
    inbox: sql('SELECT number, event FROM inbox WHERE instanceId = ? ORDER BY number'),
    post: sql('INSERT INTO inbox (instanceId, event) VALUES (?, ?)'),
    take: sql('DELETE FROM inbox WHERE number = ?'),
    clearInbox: sql('DELETE FROM inbox WHERE instanceId = ?'),
    waiting: sql('SELECT instanceId FROM inbox GROUP BY instanceId ORDER BY min(number)'),
    activities: sql('SELECT document FROM activities ORDER BY number'),
    addActivity: sql('INSERT INTO activities (executionId, taskId, document) VALUES (?, ?, ?)'),
    removeActivity: sql('DELETE FROM activities WHERE executionId = ? AND taskId = ?'),
    nextTimer: sql('SELECT min(fireAt) AS fireAt FROM timers'),
    dueTimers: sql('SELECT instanceId, taskId, fireAt FROM timers WHERE fireAt <= ? ORDER BY fireAt'),
    addTimer: sql('INSERT INTO timers (instanceId, taskId, fireAt) VALUES (?, ?, ?)'),
    removeTimer: sql('DELETE FROM timers WHERE instanceId = ? AND taskId = ?'),
    clearTimers: sql('DELETE FROM timers WHERE instanceId = ?'),
  };
  const clear: Store['clear'] = (instanceId, what) => {
    if (what === 'everything') statements.clearHistory.run(instanceId);
    statements.clearInbox.run(instanceId);
    statements.clearTimers.run(instanceId);
  };

  return {
    atomically: (change) => {
      database.exec('BEGIN IMMEDIATE');
      try {
        const result = change();
        database.exec('COMMIT');
        return result;
      } catch (error) {
        database.exec('ROLLBACK');
        throw error;
      }
    },
    find: (instanceId) => {
      const row = statements.find.get(instanceId);
      return row && toInstance(String(row.document));
    },
    list: ({ statuses, createdFrom = '', createdTo = '~', idPrefix }) => {
      const wanted = JSON.stringify(statuses);
      const rows = statements.list.all(createdFrom, createdTo, idPrefix.length, idPrefix, wanted, wanted);
      return rows.map(({ document }) => toInstance(String(document)));
    },
    put: (instance) => {
      statements.put.run(instance.id, instance.status, instance.createdAt, JSON.stringify(instance));
    },
    remove: (instanceId) => {
      clear(instanceId, 'everything');
      statements.remove.run(instanceId);
    },
    history: (instanceId) => statements.history.all(instanceId).map(({ event }) => toHistoryEvent(String(event))),
    appendHistory: (instanceId, events) => {
      for (const event of events) statements.append.run(instanceId, JSON.stringify(event));
    },
    inbox: (instanceId) =>
      statements.inbox
        .all(instanceId)
        .map(({ number, event }) => ({ number: Number(number), event: toHistoryEvent(String(event)) })),
    post: (instanceId, event) => {
      statements.post.run(instanceId, JSON.stringify(event));
    },
    take: (messages) => {
      for (const { number } of messages) statements.take.run(number);
    },
    waitingInstances: () => statements.waiting.all().map(({ instanceId }) => String(instanceId)),
    clear,
    activities: () => statements.activities.all().map(({ document }) => toActivity(String(document))),
    addActivity: (activity) => {
      statements.addActivity.run(activity.executionId, activity.taskId, JSON.stringify(activity));
    },
    removeActivity: ({ executionId, taskId }) => Number(statements.removeActivity.run(executionId, taskId).changes) > 0,
    nextTimerAt: () => {
      const fireAt = statements.nextTimer.get()?.fireAt;
      return typeof fireAt === 'string' ? Date.parse(fireAt) : undefined;
    },
    timersDue: (now) =>
      statements.dueTimers.all(now.toISOString()).map(({ instanceId, taskId, fireAt }) => ({
        instanceId: String(instanceId),
        taskId: Number(taskId),
        fireAt: String(fireAt),
      })),
    addTimer: ({ instanceId, taskId, fireAt }) => {
      statements.addTimer.run(instanceId, taskId, fireAt);
    },
    removeTimer: (instanceId, taskId) => {
      statements.removeTimer.run(instanceId, taskId);
    },
    key: readKey(database, newKey),
    close: () => database.close(),
  };
}

function readKey(database: DatabaseSync, newKey: () => string): string {
  const known = database.prepare('SELECT value FROM keys').get()?.value;
  if (typeof known === 'string') return known;
  const key = newKey();
  database.prepare('INSERT INTO keys (value) VALUES (?)').run(key);
  return key;
}

// What these read was written above, by this program.
function toInstance(json: string): Instance {
  const { parent, ...rest }: Omit<Instance, 'parent'> & { parent?: Parent; status: RuntimeStatus } = JSON.parse(json);
  return { ...rest, parent };
}

function toHistoryEvent(json: string): HistoryEvent {
  const event: HistoryEvent = JSON.parse(json);
  return event;
}

function toActivity(json: string): PendingActivity {
  const activity: PendingActivity = JSON.parse(json);
  return activity;
}
