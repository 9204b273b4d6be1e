import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { ReadStream } from 'node:tty';

/** A line that is typed at a terminal, and not shown; empty where it was ended (Ctrl-D). @throws the signal's reason */
export async function askHidden(
  question: string,
  terminal: ReadStream,
  shown: Pick<Writable, 'write'>,
  signal: AbortSignal,
): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: terminal, output: nowhere, terminal: true, historySize: 0 });
  // Nothing that follows is echoed any more.
  shown.write(question);
  try {
    return await new Promise<string>((resolve, reject) => {
      reader.once('line', resolve);
      reader.once('close', () => resolve(''));
      // Such a terminal hands Ctrl-C over as a key.
      reader.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  } finally {
    reader.close();
    shown.write('\n');
  }
}
