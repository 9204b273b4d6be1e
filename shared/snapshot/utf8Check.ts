import { isUtf8 } from 'node:buffer';
import { damaged } from '../formats/damage.ts';

/** Checks that bytes which come in pieces are UTF-8. */
export class Utf8Check {
  /** The bytes of a character that the last piece only began. */
  #begun = Buffer.alloc(0);
  /** Bytes before `#begun`. */
  #position = 0;

  /** @throws AdpError DATA_ERROR (`park`) with the position (from 0) of the first byte that is not valid */
  push(piece: Buffer, isLast: boolean): void {
    let bytes = piece;
    if (this.#begun.length > 0) {
      // The character's other bytes are the piece's first: only these few are joined.
      const joined = Buffer.concat([this.#begun, piece.subarray(0, 4)]);
      const end = wholeLength(joined.subarray(0, characterLength(joined[0] ?? 0)), isLast);
      if (end === 0 && !isLast && joined.length < characterLength(joined[0] ?? 0)) {
        this.#begun = joined;
        return;
      }
      const character = joined.subarray(0, characterLength(joined[0] ?? 0));
      if (!isUtf8(character)) {
        throw this.#invalid(joined);
      }
      this.#position += character.length;
      bytes = piece.subarray(character.length - this.#begun.length);
      this.#begun = Buffer.alloc(0);
    }
    const end = wholeLength(bytes, isLast);
    const whole = bytes.subarray(0, end);
    if (!isUtf8(whole)) {
      throw this.#invalid(whole);
    }
    this.#position += end;
    this.#begun = Buffer.from(bytes.subarray(end));
  }

  #invalid(bytes: Buffer) {
    let valid = 0;
    for (;;) {
      const character = bytes.subarray(valid, valid + characterLength(bytes[valid] ?? 0));
      if (valid >= bytes.length || !isUtf8(character)) {
        break;
      }
      valid += character.length;
    }
    return damaged(
      `The text is not valid UTF-8: byte ${this.#position + valid} (counted from 0) belongs to no character.`,
    );
  }
}

/** Where the last character that is whole ends. */
function wholeLength(bytes: Buffer, isLast: boolean): number {
  for (let back = 1; back <= Math.min(3, bytes.length) && !isLast; back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte >= 0xc0) {
      return characterLength(byte) > back ? bytes.length - back : bytes.length;
    }
    if (byte < 0x80) {
      break;
    }
  }
  return bytes.length;
}

function characterLength(lead: number): number {
  return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
}
