import type { RestEntity } from './entity.ts';

/** A secret in it may be as long as Key Vault takes: 25,600 characters. */
const longestSecret = 32_768;
/** Whatever the characters, more of them than the longest secret has. */
const startBytes = 4 * longestSecret;
const peekBytes = 4_096;
const endBytes = 256;
const shownCharacters = 200;
const quote = 0x22;
const backslash = 0x5c;
const openObject = 0x7b;
const closeObject = 0x7d;
const bracketBit = 0x20;

/** A body on its way to its reader: what it begins and ends with, and whether it looks complete. */
export class BodyWatch {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #format: RestEntity['format'];
  #waiting: Uint8Array | undefined;
  #start = Buffer.alloc(0);
  #end = Buffer.alloc(0);
  /** All of it went to its reader. */
  #isRead = false;
  /** There is no more of it. */
  #isOver = false;
  /** JSON: how many objects and arrays are open, and whether a string is. */
  #depth = 0;
  #isString = false;
  #isEscaped = false;
  /** What the body itself threw. */
  failure: { readonly error: unknown } | undefined;

  constructor(body: AsyncIterable<Uint8Array>, format: RestEntity['format']) {
    this.#source = body[Symbol.asyncIterator]();
    this.#format = format;
  }

  /** How it begins, as text; empty where it has nothing. To be called before `bytes`. */
  async peek(): Promise<string> {
    let chunk = await this.#next();
    while (chunk !== undefined && chunk.byteLength === 0) chunk = await this.#next();
    this.#waiting = chunk;
    return Buffer.from(chunk?.subarray(0, peekBytes) ?? []).toString('utf8');
  }

  async *bytes(): AsyncGenerator<Uint8Array> {
    try {
      let chunk = this.#waiting ?? (await this.#next());
      this.#waiting = undefined;
      while (chunk !== undefined) {
        this.#look(chunk);
        yield chunk;
        chunk = await this.#next();
      }
      this.#isRead = true;
    } finally {
      await this.leave();
    }
  }

  /** Gives up what was not read, but for what `start` needs: a chunk may end within a secret. */
  async leave(): Promise<void> {
    if (this.#waiting !== undefined) this.#look(this.#waiting);
    this.#waiting = undefined;
    try {
      while (!this.#isOver && this.#start.length < startBytes) {
        const { done, value } = await this.#source.next();
        if (done === true) this.#isOver = true;
        else this.#look(value);
      }
    } catch {
      // There is something else to say of it.
    }
    await this.#source.return?.();
  }

  /**
   * The first 200 characters, in quotes and on one line. To be called once the body was left.
   * @param scrub takes secrets out; it sees the text as it came
   */
  start(scrub: (text: string) => string): string {
    const clean = scrub(this.#start.toString('utf8'));
    // What is cut may be the half of a secret, which would not be recognised.
    const isCut = !this.#isOver || this.#start.length === startBytes;
    const line = (isCut ? clean.slice(0, -longestSecret) : clean).replace(/\p{Cc}+|\s+/gu, ' ');
    return JSON.stringify(line.trim().slice(0, shownCharacters));
  }

  /** Whether it ends where its format can't end. Of CSV only the transport knows; of what was left early nobody does. */
  isCutShort(): boolean {
    if (!this.#isRead) return false;
    const end = this.#end.toString('utf8').trimEnd();
    switch (this.#format) {
      case 'json':
        return this.#isString || this.#depth > 0;
      case 'ndjson':
        return this.#end.at(-1) !== 0x0a;
      case 'xml': {
        const root = /<([^\s!?/>]+)/.exec(this.#start.toString('utf8'))?.[1];
        return root === undefined || !(end.endsWith('>') && new RegExp(`</\\s*${literal(root)}\\s*>$|/>$`).test(end));
      }
      default:
        return false;
    }
  }

  async #next(): Promise<Uint8Array | undefined> {
    try {
      const { done, value } = await this.#source.next();
      if (done !== true) return value;
      this.#isOver = true;
      return undefined;
    } catch (error) {
      this.failure = { error };
      throw error;
    }
  }

  #look(chunk: Uint8Array): void {
    if (this.#start.length < startBytes) {
      this.#start = Buffer.concat([this.#start, chunk.subarray(0, startBytes - this.#start.length)]);
    }
    this.#end = Buffer.concat([this.#end, chunk.subarray(-endBytes)]).subarray(-endBytes);
    if (this.#format === 'json') this.#count(chunk);
  }

  #count(chunk: Uint8Array): void {
    // Fields are slow to reach: with them this loop would take longer than reading the rows.
    let depth = this.#depth;
    let isString = this.#isString;
    let isEscaped = this.#isEscaped;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0;
      if (isString) {
        if (isEscaped) isEscaped = false;
        else if (byte === backslash) isEscaped = true;
        else if (byte === quote) isString = false;
      } else if (byte === quote) isString = true;
      // `[` and `{`, `]` and `}` differ in this bit alone.
      else if ((byte | bracketBit) === openObject) depth += 1;
      else if ((byte | bracketBit) === closeObject) depth -= 1;
    }
    this.#depth = depth;
    this.#isString = isString;
    this.#isEscaped = isEscaped;
  }
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
