import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { AdpError } from '../shared/errors.ts';

/** One process of the stack. */
export interface Part {
  readonly pid: number;
  /** Ends it, by SIGKILL unless told otherwise, and resolves when it is gone. It stays so until `start`. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again after `kill`, on the same ports and data; resolves when it is ready. */
  start(): Promise<void>;
}

export type Ports = Readonly<Record<string, number>>;

/** What a part is started with. */
export interface PartDefinition {
  readonly name: string;
  /** Its program. It prints `{"ready":true,"port":N}` when it is ready, with `"ports":{…}` if it has several. */
  readonly file: string;
  /** What it listens on, by name; 0: any free port. */
  readonly ports: Ports;
  readonly args: (ports: Ports) => readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Who looks after a part. */
export interface Supervision {
  /** Takes everything that the part prints; begun anew with the stack, not with the part. */
  readonly logFile: string;
  /** For what people should see: what the part says on stderr, and that it died. */
  readonly log: (line: string) => void;
  readonly onStart: (pid: number) => Promise<void>;
  /** It keeps dying, and is not started again. */
  readonly onHopeless: (error: AdpError) => void;
}

export interface SupervisedPart extends Part {
  readonly ports: Ports;
  /** Lets it finish what it does; then it is made to. */
  stop(): Promise<void>;
}

const readyMs = 60_000;
const stopMs = 15_000;
/** So many deaths within so many milliseconds are not bad luck any more. */
const hopeless = { deaths: 5, withinMs: 30_000 };

/**
 * Starts a program in a process of its own and keeps it running: when it ends unasked, it is started again on the same
 * ports. It ends with this process, even if that is killed, because it then loses the channel between them.
 * @throws AdpError INTERNAL with its last words, where it doesn't get ready
 */
export async function startPart(definition: PartDefinition, supervision: Supervision): Promise<SupervisedPart> {
  const { name } = definition;
  const file = createWriteStream(supervision.logFile);
  let ports = definition.ports;
  let running: Running | undefined;
  let deaths: number[] = [];
  let leaving = new AbortController();

  const launch = async (): Promise<void> => {
    const { signal } = leaving;
    const launched = spawn(definition, ports, (line) => file.write(`${line}\n`), supervision.log);
    running = launched;
    if (launched.process.pid !== undefined) await supervision.onStart(launched.process.pid);
    ports = await launched.ready;
    void launched.ended.then((how) => revive(how, signal));
  };

  const revive = async (how: string, left: AbortSignal): Promise<void> => {
    if (left.aborted) return;
    deaths = [...deaths.filter((time) => Date.now() - time < hopeless.withinMs), Date.now()];
    if (deaths.length >= hopeless.deaths) {
      const often = `${deaths.length} times within ${hopeless.withinMs / 1000} s`;
      supervision.onHopeless(new AdpError('INTERNAL', `${name} died ${often} (${how}); see ${supervision.logFile}`));
      return;
    }
    supervision.log(`${name} ended unasked (${how}); it is started again`);
    await sleep(200 * (deaths.length - 1));
    if (left.aborted) return;
    await launch().catch((error: unknown) => revive(String(error), left));
  };

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    leaving.abort();
    if (!running) return;
    running.process.kill(signal);
    await running.ended;
  };

  await launch().catch(async (error: unknown) => {
    await end('SIGKILL');
    throw error;
  });
  return {
    get pid() {
      return running?.process.pid ?? 0;
    },
    get ports() {
      return ports;
    },
    kill: (signal = 'SIGKILL') => end(signal),
    start: async () => {
      if (!leaving.signal.aborted) throw new AdpError('INTERNAL', `${name} runs already`);
      leaving = new AbortController();
      await launch();
    },
    stop: async () => {
      const force = setTimeout(() => running?.process.kill('SIGKILL'), stopMs);
      await end('SIGTERM');
      clearTimeout(force);
      file.end();
    },
  };
}

interface Running {
  readonly process: ChildProcess;
  /** Where it listens. Rejects if it ends before, or takes too long. */
  readonly ready: Promise<Ports>;
  /** How it ended. */
  readonly ended: Promise<string>;
}

function spawn(
  { name, file, ports: wanted, args, env }: PartDefinition,
  ports: Ports,
  record: (line: string) => void,
  log: (line: string) => void,
): Running {
  const child = fork(file, args(ports), {
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, ...env },
    // A process group of its own: Ctrl-C reaches the stack alone, which ends its parts in the right order.
    detached: true,
  });
  const said = Promise.withResolvers<Ports>();
  let lastWords = '';
  onLine(child.stdout, (line) => {
    record(line);
    if (line.startsWith('{"ready":true')) said.resolve(parsePorts(line, wanted));
  });
  onLine(child.stderr, (line) => {
    record(line);
    lastWords = line;
    log(`${name}: ${line}`);
  });
  const ended = once(child, 'exit').then(([code, signal]) => (signal ? String(signal) : `exit code ${String(code)}`));
  const late = setTimeout(() => said.reject(new AdpError('INTERNAL', `${name} did not get ready in time`)), readyMs);
  void ended.then((how) => said.reject(new AdpError('INTERNAL', `${name} did not start (${how}): ${lastWords}`)));
  const ready = said.promise.finally(() => clearTimeout(late));
  // It may have ended before anybody waits for it, who is told then.
  ready.catch(() => undefined);
  return { process: child, ended, ready };
}

function onLine(stream: Readable | null, take: (line: string) => void): void {
  if (stream) createInterface({ input: stream }).on('line', take);
}

function parsePorts(line: string, wanted: Ports): Ports {
  const { port, ports }: { port?: unknown; ports?: unknown } = JSON.parse(line);
  const of = (name: string) => (ports === undefined ? port : Object(ports)[name]);
  return Object.fromEntries(Object.keys(wanted).map((name) => [name, Number(of(name))]));
}
