/**
 * The one door to rhea, and the only place that knows its insides. rhea is a complete AMQP 1.0 stack, but a broker needs
 * a little more of it than its typings show; what is used beyond them is declared here (rhea 3.0.5, lib/session.js,
 * lib/link.js, lib/message.js) and covered by the conformance tests, which will fail if another version differs.
 */
import rhea from 'rhea';

/** An AMQP value with its descriptor, ready to be written as the state of a delivery. */
export interface DescribedState {
  readonly descriptor: { readonly value: unknown };
}

type OutcomeConstructor<Fields> = (fields: Fields) => { described(): DescribedState };

interface AnsweredDelivery {
  readonly state?: DescribedState;
}

declare module 'rhea/typings/message' {
  interface message {
    accepted: OutcomeConstructor<Record<string, never>>;
    rejected: OutcomeConstructor<{ error?: { condition: string; description: string } }>;
    released: OutcomeConstructor<Record<string, never>>;
    modified: OutcomeConstructor<{ delivery_failed: boolean; undeliverable_here: boolean }>;
  }
}

declare module 'rhea/typings/session' {
  interface Session {
    readonly outgoing: {
      readonly pending_dispositions: readonly AnsweredDelivery[];
      available(): number;
      transfer_window(): number;
      process(): void;
    };
    readonly incoming: {
      readonly updated: readonly AnsweredDelivery[];
      process(session: Session): void;
    };
  }
}

declare module 'rhea/typings/link' {
  interface link {
    readonly local: {
      readonly attach: {
        source: unknown;
        target: unknown;
        max_message_size: number;
        snd_settle_mode: number;
        rcv_settle_mode: number;
      };
    };
  }
  interface Sender {
    credit: number;
    delivery_count: number;
    issue_flow: boolean;
    _draining: boolean;
    _get_drain(): boolean;
  }
}

const decodeMessage = rhea.message.decode;

/** A message as it came over the wire, undecoded. */
export class RawMessage {
  readonly bytes: Buffer;
  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }
  toJSON(): { [key: string]: unknown } {
    return { bytes: this.bytes.length };
  }
}

/**
 * Makes rhea hand over messages as they are. A broker must pass on what it received bit for bit (an int stays an int, an
 * unknown section stays), which is lost once rhea has decoded a message into JavaScript values. It holds for the whole
 * process: the broker has one of its own.
 */
export function receiveRawMessages(): void {
  rhea.message.decode = (bytes) => new RawMessage(bytes);
}

/** Decodes a whole message, or only some sections of one, into rhea's plain object. */
export function decode(bytes: Buffer): { readonly [field: string]: unknown } {
  return decodeMessage(bytes);
}

export { rhea };
