import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { until } from './poll.ts';

/** A program of ours in a process of its own. */
export interface Program {
  readonly process: ChildProcess;
  /** What it wrote so far, stdout and stderr together; of a line that has only begun nothing before it ends. */
  output(): string;
  /** The whole lines of the output that contain `text`. */
  lines(text: string): string[];
  /** Resolves with the exit code, or with the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  stop(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals | null>;
}

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export function run(file: string, args: readonly string[], { env = {}, cwd }: ProgramOptions = {}): Program {
  const child = fork(file, args, {
    silent: true,
    execArgv: [],
    env: { ...process.env, ...env },
    ...(cwd !== undefined && { cwd }),
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    // A chunk may end anywhere, and the next one may be of the other stream.
    let begun = '';
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      const end = chunk.lastIndexOf('\n') + 1;
      if (end > 0) {
        text += begun + chunk.slice(0, end);
        begun = '';
      }
      begun += chunk.slice(end);
    });
    stream?.once('end', () => {
      text += begun;
    });
  }
  // Not the event `close`: Node leaves it out after a `disconnect()`.
  const streamsEnded = [child.stdout, child.stderr].map((stream) => stream && once(stream, 'end'));
  const exited = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? code));
  });
  const ended = Promise.all([exited, ...streamsEnded]).then(([how]) => how);
  return {
    process: child,
    output: () => text,
    lines: (part) =>
      text
        .split('\n')
        .slice(0, -1)
        .filter((line) => line.includes(part)),
    ended,
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal);
      return await ended;
    },
  };
}

/** The port of the line `{"ready":true,"port":N}`; fails with the output if the program ends before that line. */
export async function ready(program: Program): Promise<number> {
  return await until(
    () => `the program is ready:\n${program.output()}`,
    () => {
      const found = /\{"ready":true,"port":(\d+)/.exec(program.output())?.[1];
      if (found !== undefined) return Number(found);
      if (program.process.exitCode !== null) throw new Error(`It ended early:\n${program.output()}`);
      return undefined;
    },
  );
}
