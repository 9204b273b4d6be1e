import type { ByteWriter } from './byteWriter.ts';

/** MS-TDS 2.2.3: what a message is. */
export const messageTypes = {
  batch: 1,
  remoteCall: 3,
  reply: 4,
  attention: 6,
  transaction: 14,
  login: 16,
  prelogin: 18,
} as const;

const knownTypes: ReadonlySet<number> = new Set(Object.values(messageTypes));

export const headerBytes = 8;
const endOfMessage = 0x01;
const ignoreMessage = 0x02;
const resetConnection = 0x08;

export interface Message {
  readonly type: number;
  readonly body: Buffer;
  /** The client wants the connection as it was after the login: it comes from its pool. */
  readonly reset: boolean;
}

/** More than any request of a poller. */
const longestMessage = 64 * 1024 * 1024;

/** Puts messages together from packets, and packets from what the socket hands over. */
export class MessageReader {
  #received: Buffer = Buffer.alloc(0);
  #bodies: Buffer[] = [];
  #length = 0;
  #reset = false;

  /** @throws RangeError for what is no TDS */
  *read(chunk: Buffer): Generator<Message> {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    if (this.#received.length > 0 && !knownTypes.has(this.#received.readUInt8(0)))
      throw new RangeError('That is no TDS.');
    while (this.#received.length >= headerBytes) {
      const length = this.#received.readUInt16BE(2);
      if (length < headerBytes) throw new RangeError(`A packet of ${length} bytes is none of TDS.`);
      if (this.#received.length < length) return;
      const type = this.#received.readUInt8(0);
      const status = this.#received.readUInt8(1);
      this.#bodies.push(Buffer.from(this.#received.subarray(headerBytes, length)));
      this.#received = this.#received.subarray(length);
      this.#length += length;
      if (this.#length > longestMessage) throw new RangeError('The message is too long.');
      this.#reset ||= (status & resetConnection) !== 0;
      if ((status & endOfMessage) === 0) continue;
      const message = { type, body: Buffer.concat(this.#bodies), reset: this.#reset };
      this.#bodies = [];
      this.#length = 0;
      this.#reset = false;
      if ((status & ignoreMessage) === 0) yield message;
    }
  }

  get isBetweenPackets(): boolean {
    return this.#received.length === 0;
  }
}

/** Cuts what a message has so far into packets; `isLast` takes the rest of it too. */
export function takePackets(type: number, body: ByteWriter, packetBytes: number, isLast: boolean): Buffer {
  const most = packetBytes - headerBytes;
  const packets: Buffer[] = [];
  for (;;) {
    const isEnd = isLast && body.length <= most;
    if (!isEnd && body.length <= most) break;
    const part = body.take(Math.min(most, body.length));
    const header = Buffer.alloc(headerBytes);
    header.writeUInt8(type, 0);
    header.writeUInt8(isEnd ? endOfMessage : 0, 1);
    header.writeUInt16BE(part.length + headerBytes, 2);
    packets.push(header, part);
    if (isEnd) break;
  }
  return Buffer.concat(packets);
}
