import { randomBytes } from 'node:crypto';
import { type Authenticator, createAuthenticator } from './auth/authenticate.ts';
import { type Keys, keysIn } from './auth/keys.ts';
import type { Clock, Random } from './clock.ts';
import { readSettings, type Settings } from './settings.ts';
import { type Dealers, dealersIn } from './sources/dealers.ts';
import { type OpenTable, openTables } from './store/tables.ts';
import { consoleLog, type Log } from './telemetry/log.ts';

/** Everything that a door reaches the world through. Each part is made at its first use, and once. */
export interface App {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly random: Random;
  /** For what happens outside any invocation. */
  readonly log: Log;
  readonly openTable: OpenTable;
  readonly keys: Keys;
  readonly authenticator: Authenticator;
  readonly dealers: Dealers;
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
export function createApp(
  env: Readonly<Record<string, string | undefined>>,
  { clock, random, log }: Surroundings = usualSurroundings,
): App {
  const settings = readSettings(env);
  const openTable = openTables(settings.storage);

  const keys = once(() => keysIn(openTable, { clock, random }));
  const authenticator = once(() =>
    createAuthenticator({ keys: keys(), adminKeyHash: settings.adminKeyHash, clock, log }),
  );
  const dealers = once(() => dealersIn(openTable, clock));

  return {
    settings,
    clock,
    random,
    log,
    openTable,
    get keys() {
      return keys();
    },
    get authenticator() {
      return authenticator();
    },
    get dealers() {
      return dealers();
    },
    probes: {
      tables: async () => {
        await openTable('dealers').get('dealer', '-');
      },
    },
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
