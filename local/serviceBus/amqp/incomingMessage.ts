import { encodeList, encodeString, items } from './encoding.ts';
import { decode } from './rhea.ts';
import { encodeSection, type Section, sectionCode, sectionsOf } from './sections.ts';

/** What the broker reads of a message that a sender hands in. */
export interface IncomingMessage {
  readonly messageId: string;
  readonly partitionKey: string | undefined;
  /** Milliseconds, as the sender asked for. */
  readonly timeToLive: number | undefined;
  /** Milliseconds since 1970. */
  readonly scheduledFor: number | undefined;
  /** Properties, application properties, body and footer, exactly as they came. */
  readonly bare: Buffer;
}

/**
 * @param newMessageId for a message that has none: Service Bus gives it one, and the JavaScript client can't settle a
 * message without
 * @throws RangeError if the bytes are not a message
 */
export function readIncomingMessage(bytes: Buffer, newMessageId: () => string): IncomingMessage {
  const sections = sectionsOf(bytes);
  // What a message says of itself must be readable later too, when the reason of its death is added.
  const applicationProperties = sections.find((section) => section.code === sectionCode.applicationProperties);
  if (applicationProperties !== undefined) items(applicationProperties.value, 0);
  const header = decodeSection(sections, sectionCode.header);
  const properties = decodeSection(sections, sectionCode.properties);
  const annotations = asMap(decodeSection(sections, sectionCode.messageAnnotations).message_annotations);
  const partitionKey = annotations['x-opt-partition-key'];
  const scheduledFor = annotations['x-opt-scheduled-enqueue-time'];
  const ttl = header.ttl;
  const id = properties.message_id;
  const bare = sections.filter((section) => section.code >= sectionCode.properties);
  const messageId = id === undefined ? newMessageId() : Buffer.isBuffer(id) ? id.toString('hex') : String(id);
  return {
    messageId,
    partitionKey: typeof partitionKey === 'string' ? partitionKey : undefined,
    timeToLive: typeof ttl === 'number' ? ttl : undefined,
    scheduledFor: scheduledFor instanceof Date ? scheduledFor.getTime() : undefined,
    bare: id === undefined ? Buffer.concat(withMessageId(bare, messageId)) : joined(bytes, bare),
  };
}

/**
 * The bytes of some sections of a message: where they are its end, and most of what stays in memory with it, no copy. What
 * is allocated for large messages is what the collector of garbage is called for.
 */
function joined(message: Buffer, sections: readonly Section[]): Buffer {
  const parts = sections.map((section) => section.bytes);
  const start = message.length - parts.reduce((sum, part) => sum + part.length, 0);
  const isEnd = parts[0]?.byteOffset === message.byteOffset + start;
  const isMost = (message.length - start) * 2 > message.buffer.byteLength;
  return isEnd && isMost ? message.subarray(start) : Buffer.concat(parts);
}

function decodeSection(sections: readonly Section[], code: number): { readonly [field: string]: unknown } {
  const section = sections.find((candidate) => candidate.code === code);
  return section === undefined ? {} : decode(section.bytes);
}

function asMap(value: unknown): { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function withMessageId(bare: readonly Section[], messageId: string): Buffer[] {
  const properties = bare.find((section) => section.code === sectionCode.properties);
  const others = properties === undefined ? [] : items(properties.value, 0).slice(1);
  return [
    encodeSection(sectionCode.properties, encodeList([encodeString(messageId), ...others])),
    ...bare.filter((section) => section !== properties).map((section) => section.bytes),
  ];
}
