import { AdpError } from '../../errors.ts';
import type { Change } from '../../model/change.ts';
import type { ByteSink } from '../../snapshot/bytes.ts';
import type { SnapshotBlobs } from './snapshotBlobs.ts';

const flushLength = 256 * 1024;

/** Lines of text that are kept in a blob until it is certain that they count. */
export class SpoolWriter {
  lines = 0;
  readonly #sink: ByteSink;
  #texts: string[] = [];
  #length = 0;

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  /** @param line without a line end; JSON has none */
  add(line: string): void {
    this.lines++;
    this.#texts.push(line, '\n');
    this.#length += line.length;
  }

  /** Writes what has been added, if that is worth it. */
  async drain(): Promise<void> {
    if (this.#length >= flushLength) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#texts.length === 0) return;
    const text = this.#texts.join('');
    this.#texts = [];
    this.#length = 0;
    await this.#sink.write(Buffer.from(text));
  }
}

/** The lines of a spool, some at a time. */
export async function* readSpool(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string[]> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (lines.length > 0) yield lines;
  }
}

/** The changes of a spool. @throws AdpError INTERNAL where the blob is gone */
export async function* readChanges(blobs: SnapshotBlobs, name: string): AsyncGenerator<Change[]> {
  const chunks = await blobs.open(name);
  if (chunks === undefined) throw new AdpError('INTERNAL', `The blob ${name} of the snapshots is gone.`);
  // The lines were written by this program and are guarded by the blob's name.
  for await (const lines of readSpool(chunks)) yield lines.map((line) => JSON.parse(line) as Change);
}
