import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { ReadStream } from 'node:tty';

/** What is pasted comes at once. */
const pastedWithinMs = 100;

/**
 * What is typed at a terminal, and not shown: a line; several where these were pasted; empty where it was ended (Ctrl-D).
 * @throws the signal's reason
 */
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
      const lines: string[] = [];
      reader.on('line', (line) => {
        if (lines.push(line) > 1) return;
        setTimeout(() => resolve([...lines, reader.line].join('\n').replace(/\n+$/, '')), pastedWithinMs);
      });
      reader.once('close', () => resolve(lines.join('\n')));
      // Such a terminal hands Ctrl-C over as a key.
      reader.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  } finally {
    reader.close();
    shown.write('\n');
  }
}
