import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown } from 'node:fs/promises';
import { createServer } from 'node:net';

/** A server of somebody else's in a process that doesn't outlive this one, not even when this one is killed. */
export interface Supervised {
  /** What it wrote so far, stdout and stderr together. */
  output(): string;
  readonly hasEnded: boolean;
  /** Kills it and waits for its end: what it has is thrown away anyway. */
  kill(): Promise<void>;
}

interface Ids {
  readonly uid?: number;
  readonly gid?: number;
}

/** Database servers refuse to run as root; `nobody` has the same number nearly everywhere. */
export const ordinaryUser: Ids = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

export async function giveToOrdinaryUser(path: string): Promise<void> {
  const { uid, gid } = ordinaryUser;
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid);
}

/** Waits for the program, and kills it as soon as the pipe that we hold is closed. */
const script = [
  'exec 3<&0',
  '"$@" 3<&- </dev/null & program=$!',
  '{ read -r _ <&3; kill -KILL $program; } >/dev/null 2>&1 & watcher=$!',
  'wait $program; code=$?',
  'kill $watcher 2>/dev/null; exit $code',
].join('\n');

export function supervise(command: string, args: readonly string[], ids: Ids = {}) {
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

/** A free port may be taken by the time that the server wants it. */
export async function onFreePort<T>(launch: (port: number) => Promise<T>): Promise<[number, T]> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    try {
      return [port, await launch(port)];
    } catch (error) {
      if (attempt === 3 || !/address already in use|could not bind/i.test(String(error))) throw error;
    }
  }
}

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  listener.close();
  await once(listener, 'close');
  if (address === null || typeof address === 'string') throw new Error('A listener has a port.');
  return address.port;
}
