import { ByteWriter } from './byteWriter.ts';

/** MS-TDS 2.2.6.5: what each side says about TLS before the login. */
export const encryption = { off: 0, on: 1, notSupported: 2, required: 3 } as const;

const options = { version: 0, encryption: 1, multipleResults: 4, end: 0xff } as const;

/** What the client says; it is `notSupported` where it says nothing. */
export function readEncryption(body: Buffer): number {
  for (let at = 0; at + 5 <= body.length && body[at] !== options.end; at += 5) {
    if (body[at] === options.encryption) return body[body.readUInt16BE(at + 1)] ?? encryption.notSupported;
  }
  return encryption.notSupported;
}

/** The server's answer: SQL Server 2022, no multiple active results. */
export function preloginAnswer(chosen: number): ByteWriter {
  const values: readonly [number, Buffer][] = [
    [options.version, Buffer.from([16, 0, 0x10, 0, 0, 0])],
    [options.encryption, Buffer.of(chosen)],
    [options.multipleResults, Buffer.of(0)],
  ];
  const writer = new ByteWriter();
  let offset = values.length * 5 + 1;
  for (const [option, value] of values) {
    const head = Buffer.alloc(5);
    head.writeUInt8(option, 0);
    head.writeUInt16BE(offset, 1);
    head.writeUInt16BE(value.length, 3);
    writer.bytes(head);
    offset += value.length;
  }
  writer.u8(options.end);
  for (const [, value] of values) writer.bytes(value);
  return writer;
}
