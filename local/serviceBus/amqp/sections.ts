/**
 * A message is a row of sections. Source: OASIS AMQP 1.0, part 3, section 3.2.
 */
import { encodedLength } from './encoding.ts';

export const sectionCode = {
  header: 0x70,
  messageAnnotations: 0x72,
  properties: 0x73,
  applicationProperties: 0x74,
  data: 0x75,
} as const;

export interface Section {
  readonly code: number;
  /** The section with its descriptor. */
  readonly bytes: Buffer;
  /** The section's value alone. */
  readonly value: Buffer;
}

/** @throws RangeError if the bytes are not a row of well-formed sections */
export function sectionsOf(message: Buffer): Section[] {
  const found: Section[] = [];
  let start = 0;
  while (start < message.length) {
    // A descriptor is an unsigned long: in one byte (0x53) or in eight (0x80).
    const descriptorCode = message.readUInt8(start + 1);
    if (message.readUInt8(start) !== 0 || (descriptorCode !== 0x53 && descriptorCode !== 0x80)) {
      throw new RangeError(`There is no message section at byte ${start}.`);
    }
    const short = descriptorCode === 0x53;
    const code = short ? message.readUInt8(start + 2) : Number(message.readBigUInt64BE(start + 2));
    const value = start + (short ? 3 : 10);
    const end = value + encodedLength(message, value);
    if (end > message.length) throw new RangeError(`The message ends within the section at byte ${start}.`);
    found.push({ code, bytes: message.subarray(start, end), value: message.subarray(value, end) });
    start = end;
  }
  return found;
}

export function encodeSection(code: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0, 0x53, code]), value]);
}

/**
 * The message format of a batch: each data section holds one encoded message.
 * Source: the sender of @azure/service-bus (`batchMessageFormat`).
 */
export const batchFormat = 0x80013700;

/** @throws RangeError if a section is malformed */
export function messagesOfBatch(batch: Buffer): Buffer[] {
  return sectionsOf(batch)
    .filter((section) => section.code === sectionCode.data)
    .map(({ value }) => value.subarray(value.readUInt8(0) === 0xa0 ? 2 : 5));
}
