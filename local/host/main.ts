/** `node local/host/main.ts --app DIST_DIR --port N --data-dir DIR`: runs a built function app on this machine. */
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { AdpError } from '../../shared/errors.ts';
import { onParentGone } from '../onParentGone.ts';
import { readAppSettings } from './appSettings.ts';
import { configError } from './config.ts';
import { isDisabled } from './disabled.ts';
import { loadFunctionApp } from './functionApp.ts';
import { readHostJson } from './hostJson.ts';
import type { InputSource } from './invocation.ts';
import { describeError, logToConsole as log } from './log.ts';
import type { Webhook } from './trigger.ts';
import { groupByTrigger, triggerKinds } from './triggers.ts';

/** What a stop leaves to invocations that are under way. */
const graceMs = 10_000;

const { values } = parseArgs({
  options: { app: { type: 'string' }, port: { type: 'string' }, 'data-dir': { type: 'string' } },
});

onParentGone(() => process.exit(1));
// A promise that a handler forgot must not take the other invocations with it. An exception outside of any promise has
// left things in a state that nobody knows: the usual exit is right.
process.on('unhandledRejection', (error) =>
  log('error', 'host', `A promise nobody waits for: ${describeError(error)}`),
);

try {
  const { stop, port } = await start();
  const stopAndExit = () => {
    void Promise.race([stop(), sleep(graceMs)]).then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    );
  };
  process.once('SIGTERM', stopAndExit).once('SIGINT', stopAndExit);
  process.stdout.write(`${JSON.stringify({ ready: true, port })}\n`);
} catch (error) {
  fail(error);
}

async function start(): Promise<{ port: number; stop(): Promise<void> }> {
  const appDir = resolve(values.app ?? 'dist');
  const dataDir = resolve(values['data-dir'] ?? join('.local', 'host'));
  const sections = triggerKinds.flatMap(({ section }) => section ?? []);
  const hostJson = await readHostJson(appDir, sections);
  const settings = await readAppSettings(resolve('local.settings.json'), process.env);
  const inputs = new Map<string, InputSource>();
  const app = await loadFunctionApp(appDir, inputs, log, hostJson.functionTimeoutMs);
  const enabled = app.functions.filter(({ name }) => !isDisabled(name, settings));

  const origin = Promise.withResolvers<string>();
  const webhooks = new Map<string, Webhook>();
  const listeners = [...groupByTrigger(enabled)].map(([kind, functions]) =>
    kind.prepare(functions, {
      app,
      settings,
      section: kind.section === undefined ? undefined : hostJson.extensions[kind.section],
      dataDir,
      port: readPort(values.port ?? '7071'),
      origin: origin.promise,
      webhooks,
      inputs,
      log,
      now: () => new Date(),
    }),
  );
  const ports = await Promise.all(listeners.map((listener) => listener.start()));
  const port = ports.find((each) => each !== undefined) ?? 0;
  // As in Azure. Without it durable-functions makes every one of its addresses localhost:7071.
  process.env.WEBSITE_HOSTNAME = `127.0.0.1:${port}`;
  origin.resolve(`http://127.0.0.1:${port}`);
  return {
    port,
    stop: async () => {
      await Promise.all(listeners.map((listener) => listener.stop()));
      await app.end();
    },
  };
}

function readPort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw configError(`--port must be a number up to 65535, not "${text}"`);
  return port;
}

function fail(error: unknown): never {
  // A mistake in the configuration is told in a sentence; a stack would only hide it.
  const isMistake = error instanceof AdpError && error.code === 'CONFIG_ERROR';
  log('error', 'host', isMistake ? describeMistake(error) : describeError(error));
  process.exit(1);
}

function describeMistake({ message, cause }: AdpError): string {
  return cause === undefined ? message : `${message}: ${describeError(cause)}`;
}
