import type { SqlError } from '../sqlError.ts';
import type { TypeEncoding } from '../types/encoding.ts';
import { collation } from '../types/encoding.ts';
import type { ByteWriter } from './byteWriter.ts';

/** The tokens of a reply (MS-TDS 2.2.7). */
const tokens = {
  returnStatus: 0x79,
  columns: 0x81,
  error: 0xaa,
  returnValue: 0xac,
  loginAnswer: 0xad,
  row: 0xd1,
  change: 0xe3,
  done: 0xfd,
  doneCall: 0xfe,
  doneInCall: 0xff,
} as const;

export type Done = 'done' | 'doneCall' | 'doneInCall';

const doneStatus = { more: 0x01, error: 0x02, count: 0x10, attention: 0x20 } as const;

/** @param rows how many were read or changed, where that is to be told */
export function writeDone(
  reply: ByteWriter,
  kind: Done,
  {
    more = false,
    error = false,
    attention = false,
    rows,
  }: {
    readonly more?: boolean;
    readonly error?: boolean;
    readonly attention?: boolean;
    readonly rows?: number | undefined;
  } = {},
): void {
  const status =
    (more ? doneStatus.more : 0) |
    (error ? doneStatus.error : 0) |
    (attention ? doneStatus.attention : 0) |
    (rows === undefined ? 0 : doneStatus.count);
  reply
    .u8(tokens[kind])
    .u16(status)
    .u16(0)
    .i64(BigInt(rows ?? 0));
}

export function writeError(reply: ByteWriter, { number, severity, message }: SqlError): void {
  const server = 'local';
  const length = 4 + 2 + 2 + message.length * 2 + 1 + server.length * 2 + 1 + 4;
  reply.u8(tokens.error).u16(length).u32(number).u8(1).u8(severity);
  reply.text(message, 2).text(server, 1).text('', 1).u32(1);
}

/** What the session has changed to, and from. */
const changes = { database: 1, packetBytes: 4, collation: 7, begin: 8, commit: 9, rollback: 10, reset: 18 } as const;

function writeChange(reply: ByteWriter, type: number, values: Buffer): void {
  reply
    .u8(tokens.change)
    .u16(values.length + 1)
    .u8(type)
    .bytes(values);
}

export function writeReset(reply: ByteWriter): void {
  writeChange(reply, changes.reset, Buffer.from([0, 0]));
}

/** @param id of the transaction that began or ended */
export function writeTransaction(reply: ByteWriter, event: 'begin' | 'commit' | 'rollback', id: bigint): void {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(id);
  const values = event === 'begin' ? [Buffer.of(8), bytes, Buffer.of(0)] : [Buffer.of(0, 8), bytes];
  writeChange(reply, changes[event], Buffer.concat(values));
}

export function writeLoginAnswer(reply: ByteWriter, database: string, packetBytes: number): void {
  const text = (value: string) => Buffer.concat([Buffer.of(value.length), Buffer.from(value, 'utf16le')]);
  writeChange(reply, changes.database, Buffer.concat([text(database), text('master')]));
  writeChange(reply, changes.collation, Buffer.concat([Buffer.of(collation.length), collation, Buffer.of(0)]));
  writeChange(reply, changes.packetBytes, Buffer.concat([text(String(packetBytes)), text('4096')]));
  const tds74 = Buffer.from([0x74, 0, 0, 4]);
  const version = Buffer.from([16, 0, 0x10, 0]);
  const answer = Buffer.concat([Buffer.of(1), tds74, text('Microsoft SQL Server'), version]);
  reply.u8(tokens.loginAnswer).u16(answer.length).bytes(answer);
}

export function writeColumns(reply: ByteWriter, columns: readonly { name: string; encoding: TypeEncoding }[]): void {
  const nullable = 0x01;
  reply.u8(tokens.columns).u16(columns.length);
  for (const { name, encoding } of columns) {
    reply.u32(encoding.userType).u16(nullable).bytes(encoding.info).text(name, 1);
  }
}

export function writeRowStart(reply: ByteWriter): void {
  reply.u8(tokens.row);
}

/** What a remote call answers at its end; a prepared statement has its handle. */
export function writeCallEnd(reply: ByteWriter, handle?: number): void {
  reply.u8(tokens.returnStatus).u32(0);
  if (handle === undefined) return;
  const int = Buffer.from([0x26, 4]);
  reply.u8(tokens.returnValue).u16(0).text('@handle', 1).u8(1).u32(0).u16(0).bytes(int).u8(4).u32(handle);
}
