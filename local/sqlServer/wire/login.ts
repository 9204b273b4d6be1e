/** What a client says of itself (MS-TDS 2.2.6.4). */
export interface Login {
  readonly user: string;
  readonly password: string;
  /** Empty: the user's own. */
  readonly database: string;
  readonly packetBytes: number;
  /** It promises not to write. */
  readonly isReadOnly: boolean;
}

const readOnlyIntent = 0x20;

export function readLogin(body: Buffer): Login {
  /** Where a text begins and how many characters it has stand at this place. */
  const field = (at: number) => {
    const start = body.readUInt16LE(at);
    return Buffer.from(body.subarray(start, start + body.readUInt16LE(at + 2) * 2));
  };
  return {
    user: field(40).toString('utf16le'),
    password: unscramble(field(44)).toString('utf16le'),
    database: field(68).toString('utf16le'),
    packetBytes: body.readUInt32LE(8),
    isReadOnly: (body.readUInt8(26) & readOnlyIntent) !== 0,
  };
}

/** A password's bytes have their halves swapped and are XORed: no secret, only not readable at a glance. */
function unscramble(bytes: Buffer): Buffer {
  const plain = bytes.map((byte) => {
    const halves = byte ^ 0xa5;
    return ((halves << 4) | (halves >> 4)) & 0xff;
  });
  return Buffer.from(plain);
}
