import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { ByteWriter } from './byteWriter.ts';
import { MessageReader, messageTypes, takePackets } from './packets.ts';

const packetBytes = 4_096;
/** RFC 5246, section 6.2.1: what a TLS record holds. */
const applicationData = 23;

/**
 * The way of TLS under TDS 7: the handshake travels in PRELOGIN packets, what follows it as it is. A flight of the
 * handshake must be one message, since the client reads as many as it sends.
 */
export class TlsTunnel extends Duplex {
  readonly #socket: Socket;
  readonly #reader = new MessageReader();
  #flight: Buffer[] = [];
  #receivesData = false;
  #sendsData = false;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
  }

  /** Takes what the socket received. Throws RangeError for what is neither. */
  receive(chunk: Buffer): void {
    this.#receivesData ||= this.#reader.isBetweenPackets && chunk[0] === applicationData;
    if (this.#receivesData) {
      this.push(chunk);
      return;
    }
    for (const { body } of this.#reader.read(chunk)) this.push(body);
  }

  override _read(): void {
    // What comes is pushed as it comes.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    // Only the first chunk of data is sure to begin with a record.
    this.#sendsData ||= chunk[0] === applicationData;
    if (this.#sendsData) {
      this.#send();
      this.#socket.write(chunk, done);
      return;
    }
    if (this.#flight.length === 0) setImmediate(() => this.#send());
    this.#flight.push(chunk);
    done();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#send();
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  #send(): void {
    if (this.#flight.length === 0) return;
    const body = new ByteWriter();
    for (const part of this.#flight) body.bytes(part);
    this.#flight = [];
    this.#socket.write(takePackets(messageTypes.prelogin, body, packetBytes, true));
  }
}
