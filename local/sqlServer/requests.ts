import { setTimeout as sleep } from 'node:timers/promises';
import type { Parameters, Session, StatementResult } from './database/session.ts';
import { type Fault, type FaultContext, messageOf } from './faults.ts';
import { Disconnection, type Reply } from './reply.ts';
import { SqlError, unsupported } from './sqlError.ts';
import { splitStatements } from './tsql/statements.ts';
import type { Token } from './tsql/tokens.ts';
import { encodingOf } from './types/encoding.ts';
import { ByteReader } from './wire/byteReader.ts';
import { type Parameter, readParameter } from './wire/parameters.ts';
import { type Done, writeCallEnd, writeColumns, writeDone, writeRowStart } from './wire/tokens.ts';

export type FaultOf = (context: FaultContext) => Fault | undefined;

interface Prepared {
  readonly sql: string;
  readonly names: readonly string[];
}

/** MS-TDS 2.2.6.6: procedures that have a number. */
const procedures: Readonly<Record<number, string>> = {
  10: 'sp_executesql',
  11: 'sp_prepare',
  12: 'sp_execute',
  15: 'sp_unprepare',
};

const noParameters: Parameters = new Map();

/** Runs what a client asks for on its session and writes the answer. */
export class Requests {
  readonly #session: Session;
  readonly #faultOf: FaultOf;
  readonly #prepared = new Map<number, Prepared>();
  #lastHandle = 0;
  /** What is running now. */
  statement: string | undefined;

  /** @param faultOf asked before each statement */
  constructor(session: Session, faultOf: FaultOf) {
    this.#session = session;
    this.#faultOf = faultOf;
  }

  async batch(body: Buffer, reply: Reply): Promise<void> {
    await this.#run(withoutHeaders(body).toString('utf16le'), noParameters, 'done', reply);
  }

  async call(body: Buffer, reply: Reply): Promise<void> {
    const reader = new ByteReader(withoutHeaders(body));
    const length = reader.u16();
    const number = length === 0xffff ? reader.u16() : undefined;
    const name =
      number === undefined ? reader.bytes(length * 2).toString('utf16le') : (procedures[number] ?? `${number}`);
    reader.u16();
    const parameters: Parameter[] = [];
    while (!reader.isAtEnd) parameters.push(readParameter(reader));
    const handle = await this.#callProcedure(name.toLowerCase(), parameters, reply);
    writeCallEnd(reply.bytes, handle);
    writeDone(reply.bytes, 'doneCall');
  }

  /** @returns the handle of what was prepared */
  async #callProcedure(name: string, [first, second, third, ...rest]: readonly Parameter[], reply: Reply) {
    const text = (parameter: Parameter | undefined) => String(parameter?.value ?? '');
    switch (name) {
      case 'sp_executesql':
        await this.#run(text(first), toMap([third, ...rest], []), 'doneInCall', reply);
        return undefined;
      case 'sp_prepare': {
        const names = [...text(second).matchAll(/@(\w+)/g)].map(([, parameter = '']) => parameter);
        this.#lastHandle += 1;
        this.#prepared.set(this.#lastHandle, { sql: text(third), names });
        return this.#lastHandle;
      }
      case 'sp_execute': {
        const prepared = this.#prepared.get(Number(first?.value));
        if (!prepared) throw new SqlError(8179, `Could not find prepared statement with handle ${text(first)}.`);
        await this.#run(prepared.sql, toMap([second, third, ...rest], prepared.names), 'doneInCall', reply);
        return undefined;
      }
      case 'sp_unprepare':
        this.#prepared.delete(Number(first?.value));
        return undefined;
      default:
        throw unsupported(`the procedure ${name}`);
    }
  }

  async #run(sql: string, parameters: Parameters, kind: Done, reply: Reply): Promise<void> {
    const statements = splitStatements(sql);
    if (statements.length === 0 && kind === 'done') writeDone(reply.bytes, kind);
    for (const [index, statement] of statements.entries()) {
      // A call has an end of its own behind the last statement's.
      const more = kind === 'doneInCall' || index < statements.length - 1;
      const text = statement.map((token) => token.text).join(' ');
      this.statement = text;
      try {
        const fault = this.#faultOf({ sql: text, ...this.#session.whose });
        await failBefore(fault, reply);
        const rows = await this.#answer(await this.#execute(statement, parameters, reply), fault, reply);
        writeDone(reply.bytes, kind, { more, rows });
      } finally {
        this.statement = undefined;
      }
    }
  }

  /** SQLite refuses at once what another one has locked; SQL Server waits. */
  async #execute(statement: readonly Token[], parameters: Parameters, reply: Reply): Promise<StatementResult> {
    const deadline = performance.now() + this.#session.lockTimeoutMs;
    for (;;) {
      try {
        return this.#session.execute(statement, parameters);
      } catch (error) {
        const isLocked = error instanceof SqlError && error.number === 1222;
        if (!isLocked || performance.now() > deadline) throw error;
        await sleep(5);
        reply.requireInterest();
      }
    }
  }

  /** @returns how many rows there were */
  async #answer(result: StatementResult, fault: Fault | undefined, reply: Reply): Promise<number | undefined> {
    if (result.kind === 'done') return result.changed;
    const columns = result.columns.map(({ name, type }) => ({ name, encoding: encodingOf(type) }));
    writeColumns(reply.bytes, columns);
    let count = 0;
    for (const row of result.rows) {
      writeRowStart(reply.bytes);
      for (const [index, { encoding }] of columns.entries()) encoding.write(reply.bytes, row[index] ?? null);
      count += 1;
      if (fault !== undefined) await failAfter(fault, count, reply);
      // Awaiting nothing costs more than writing a row.
      if ((count & 0x1f) === 0) await reply.sendIfLarge();
    }
    return count;
  }
}

async function failBefore(fault: Fault | undefined, reply: Reply): Promise<void> {
  if (fault === undefined) return;
  if (fault.kind !== 'slow') {
    if (fault.afterRows === undefined) fail(fault);
  } else if (fault.everyRows === undefined) await pause(fault.delayMs, reply);
}

async function failAfter(fault: Fault, count: number, reply: Reply): Promise<void> {
  if (fault.kind === 'slow') {
    if (fault.everyRows === undefined || count % fault.everyRows !== 0) return;
    await reply.sendWhole();
    await pause(fault.delayMs, reply);
  } else if (count === fault.afterRows) {
    await reply.sendWhole();
    fail(fault);
  }
}

function fail(fault: Fault & { readonly kind: 'error' | 'drop' }): never {
  if (fault.kind === 'drop') throw new Disconnection();
  throw new SqlError(fault.number, messageOf(fault), fault.number === 1205 ? 13 : 16);
}

async function pause(delayMs: number, reply: Reply): Promise<void> {
  // An abort is no failure here: it ends the pause.
  await sleep(delayMs, undefined, { signal: reply.line.signal }).catch(() => undefined);
  reply.requireInterest();
}

/** In the order in which they were declared, where they have no names of their own. */
function toMap(parameters: readonly (Parameter | undefined)[], names: readonly string[]): Parameters {
  const given = parameters.flatMap((parameter) => parameter ?? []);
  return new Map(given.map(({ name, value }, index) => [(name || names[index] || '').toLowerCase(), value]));
}

/** Requests begin with headers of transactions and notifications (MS-TDS 2.2.5.3), which say nothing new. */
export function withoutHeaders(body: Buffer): Buffer {
  return body.subarray(body.readUInt32LE(0));
}
