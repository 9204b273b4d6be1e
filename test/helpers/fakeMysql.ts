import { generateKeyPairSync } from 'node:crypto';

/** A packet of MySQL's protocol. https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_packets.html */
function packet(sequence: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUIntLE(payload.length, 0, 3);
  head[3] = sequence;
  return Buffer.concat([head, payload]);
}

const scramble = Buffer.alloc(20, 'a');
const plugin = 'caching_sha2_password\0';
/** PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH, CONNECT_WITH_DB: no SSL among them. */
const capabilities = 0x0008_8208;

/** What a server says first, here of one that offers no TLS. */
export function helloWithoutTls(): Buffer {
  const lower = Buffer.alloc(7);
  lower.writeUInt16LE(capabilities & 0xffff, 0);
  lower[2] = 255;
  lower.writeUInt16LE(2, 3);
  lower.writeUInt16LE(capabilities >>> 16, 5);
  return packet(
    0,
    Buffer.concat([
      Buffer.from([10]),
      Buffer.from('8.4.0\0'),
      Buffer.from([1, 0, 0, 0]),
      scramble.subarray(0, 8),
      Buffer.from([0]),
      lower,
      Buffer.from([21]),
      Buffer.alloc(10),
      scramble.subarray(8),
      Buffer.from([0]),
      Buffer.from(plugin),
    ]),
  );
}

/** Of a server that wants the password, and hands out a key of its own for it: one answer to each packet of the client. */
export function greedyAnswers(): readonly Buffer[] {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return [
    packet(2, Buffer.concat([Buffer.from([0xfe]), Buffer.from(plugin), scramble, Buffer.from([0])])),
    // The scramble will not do.
    packet(4, Buffer.from([1, 4])),
    packet(6, Buffer.from(`\u0001${key}`)),
  ];
}

/** A password encrypted with such a key, in its packet. */
export const encryptedLength = 4 + 256;
