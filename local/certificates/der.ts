/** One DER value, encoded (ITU-T X.690): tag, length, content. Only what an X.509 certificate is made of. */
export type Der = Buffer;

const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectId: 0x06,
  utf8String: 0x0c,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

export function sequence(...members: readonly Der[]): Der {
  return tagged(tags.sequence, Buffer.concat(members));
}

export function set(...members: readonly Der[]): Der {
  return tagged(tags.set, Buffer.concat(members));
}

/** @param bytes of an unsigned number, the highest first */
export function unsigned(bytes: Uint8Array): Der {
  const firstUsed = bytes.findIndex((byte) => byte !== 0);
  const used = firstUsed === -1 ? Buffer.of(0) : Buffer.from(bytes.subarray(firstUsed));
  // A first bit that is set would make it negative.
  return tagged(tags.integer, (used[0] ?? 0) > 0x7f ? Buffer.concat([Buffer.of(0), used]) : used);
}

export function boolean(value: boolean): Der {
  return tagged(tags.boolean, Buffer.of(value ? 0xff : 0));
}

/** @param unusedBits of the last byte */
export function bitString(bytes: Uint8Array, unusedBits = 0): Der {
  return tagged(tags.bitString, Buffer.concat([Buffer.of(unusedBits), bytes]));
}

export function octetString(bytes: Uint8Array): Der {
  return tagged(tags.octetString, bytes);
}

export function utf8String(text: string): Der {
  return tagged(tags.utf8String, Buffer.from(text));
}

/** To the second. RFC 5280 wants the two-digit UTCTime until 2049; OpenSSL, by which Node reads it, takes both. */
export function generalizedTime(ms: number): Der {
  const digits = new Date(ms).toISOString().slice(0, 19).replaceAll(/\D/g, '');
  return tagged(tags.generalizedTime, Buffer.from(`${digits}Z`));
}

/** @param dotted such as `2.5.29.17` */
export function objectId(dotted: string): Der {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return tagged(tags.objectId, Buffer.from([first * 40 + second, ...rest].flatMap(base128)));
}

/** A value of a number of its own, as a structure's optional members have it: `[n]` around the content. */
export function contextual(number: number, content: Uint8Array, form: 'primitive' | 'constructed'): Der {
  return tagged((form === 'primitive' ? 0x80 : 0xa0) + number, content);
}

/** Seven bits a byte, the highest first; all but the last have their first bit set. */
function base128(value: number): number[] {
  const bytes = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) bytes.unshift((rest % 128) + 128);
  return bytes;
}

function tagged(tag: number, content: Uint8Array): Der {
  return Buffer.concat([Buffer.of(tag), lengthOf(content), content]);
}

function lengthOf({ length }: Uint8Array): Buffer {
  if (length < 0x80) return Buffer.of(length);
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Buffer.from([0x80 + bytes.length, ...bytes]);
}
