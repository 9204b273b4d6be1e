import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** A server of somebody else's in a process that doesn't outlive this one, not even when this one is killed. */
export interface Supervised {
  /** What it wrote so far, stdout and stderr together. */
  output(): string;
  readonly hasEnded: boolean;
  /** Kills it and waits for its end: what it has is thrown away anyway. */
  kill(): Promise<void>;
}

/** Waits for the program, and kills it as soon as the pipe that we hold is closed. */
const script = [
  'exec 3<&0',
  '"$@" 3<&- </dev/null & program=$!',
  '{ read -r _ <&3; kill -KILL $program; } >/dev/null 2>&1 & watcher=$!',
  'wait $program; code=$?',
  'kill $watcher 2>/dev/null; exit $code',
].join('\n');

export function supervise(command: string, args: readonly string[], ids: { uid?: number; gid?: number } = {}) {
  const child = spawn('/bin/sh', ['-c', script, 'sh', command, ...args], { stdio: ['pipe', 'pipe', 'pipe'], ...ids });
  let text = '';
  let hasEnded = false;
  const ended = once(child, 'exit').then(() => {
    hasEnded = true;
  });
  // Its end says what there is to say.
  child.stdin.on('error', () => undefined);
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-20_000);
    });
  }
  const supervised: Supervised = {
    output: () => text,
    get hasEnded() {
      return hasEnded;
    },
    async kill() {
      child.stdin.end();
      await ended;
    },
  };
  return supervised;
}
