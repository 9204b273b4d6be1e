import { ByteWriter } from './wire/byteWriter.ts';
import { messageTypes, takePackets } from './wire/packets.ts';

/** The client doesn't want the rest. */
export class Cancellation extends Error {}

/** The connection is to be gone, as if the network was. */
export class Disconnection extends Error {}

/** How a reply gets to the client. */
export interface Line {
  readonly packetBytes: number;
  /** Aborts when the client sends an attention, or goes. */
  readonly signal: AbortSignal;
  /** Resolves when there is room for more. */
  send(bytes: Buffer): Promise<void>;
}

/** So much is held before it goes out: what a client doesn't read stays in the database. */
const heldBytes = 64 * 1024;

/** A reply that goes out as it grows, no faster than the client reads. */
export class Reply {
  readonly bytes = new ByteWriter();
  readonly line: Line;

  constructor(line: Line) {
    this.line = line;
  }

  /** To be called now and then. Throws Cancellation when the client has enough. */
  async sendIfLarge(): Promise<void> {
    if (this.bytes.length < heldBytes) return;
    await this.sendWhole();
    // Others' turn, and that of an attention that has arrived.
    await new Promise(setImmediate);
    this.requireInterest();
  }

  /** All packets that are full. */
  async sendWhole(): Promise<void> {
    await this.line.send(takePackets(messageTypes.reply, this.bytes, this.line.packetBytes, false));
  }

  async finish(): Promise<void> {
    await this.line.send(takePackets(messageTypes.reply, this.bytes, this.line.packetBytes, true));
  }

  requireInterest(): void {
    if (this.line.signal.aborted) throw new Cancellation();
  }
}
