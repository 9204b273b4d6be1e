import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { ServerCertificate } from '../certificates/authority.ts';
import type { Session } from './database/session.ts';
import { Cancellation, type Line, Reply } from './reply.ts';
import { type FaultOf, Requests, withoutHeaders } from './requests.ts';
import { SqlError, toSqlError, unsupported } from './sqlError.ts';
import { type Login, readLogin } from './wire/login.ts';
import { type Message, MessageReader, messageTypes, takePackets } from './wire/packets.ts';
import { encryption, preloginAnswer, readEncryption } from './wire/prelogin.ts';
import { TlsTunnel } from './wire/tlsTunnel.ts';
import { writeDone, writeError, writeLoginAnswer, writeReset, writeTransaction } from './wire/tokens.ts';

/** What a connection needs of its server. */
export interface ConnectionHost {
  /** Without one there is no TLS, and the server says so. */
  readonly certificate: ServerCertificate | undefined;
  readonly faultOf: FaultOf;
  /** Opens the session of a login. Throws SqlError 18456 or 4060. */
  open(login: Login, isEncrypted: boolean): Session;
}

/** What begins a TLS handshake: strict encryption (TDS 8) has it before everything else. */
const tlsHandshake = 0x16;
const transactions = { begin: 5, commit: 7, rollback: 8 } as const;

/** One client, from its first byte to its last. */
export class Connection {
  readonly #socket: Socket;
  readonly #host: ConnectionHost;
  readonly #reader = new MessageReader();
  #stream: Socket;
  #tunnel: TlsTunnel | undefined;
  #session: Session | undefined;
  #requests: Requests | undefined;
  #packetBytes = 4_096;
  #transaction = 0n;
  #attention = new AbortController();
  #work: Promise<void> = Promise.resolve();
  #isBegun = false;

  constructor(socket: Socket, host: ConnectionHost) {
    this.#socket = socket;
    this.#stream = socket;
    this.#host = host;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#receive(chunk));
    // The event `close` follows.
    socket.on('error', () => undefined);
    socket.once('close', () => this.#end());
  }

  /** Undefined before the login. */
  get running(): { readonly user: string; readonly statement: string | undefined } | undefined {
    if (this.#session === undefined) return undefined;
    return { user: this.#session.whose.user, statement: this.#requests?.statement };
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #end(): void {
    this.#attention.abort();
    // What runs still reads from the session.
    void this.#work.then(() => this.#session?.close());
  }

  #receive(chunk: Buffer): void {
    try {
      const isFirst = !this.#isBegun;
      this.#isBegun = true;
      if (isFirst && chunk[0] === tlsHandshake && this.#host.certificate !== undefined) this.#beginStrict(chunk);
      else if (this.#tunnel !== undefined) this.#tunnel.receive(chunk);
      else this.#read(chunk);
    } catch {
      // It isn't TDS that it speaks.
      this.destroy();
    }
  }

  #beginStrict(first: Buffer): void {
    this.#socket.removeAllListeners('data');
    this.#socket.pause();
    this.#socket.unshift(first);
    this.#secure(this.#socket, { ALPNProtocols: ['tds/8.0'] });
  }

  #secure(
    transport: Socket | TlsTunnel,
    options: { readonly ALPNProtocols?: string[]; readonly maxVersion?: 'TLSv1.2' },
  ): void {
    const secure = new TLSSocket(transport, { isServer: true, ...this.#host.certificate, ...options });
    secure.on('error', () => this.destroy());
    secure.on('data', (chunk: Buffer) => {
      try {
        this.#read(chunk);
      } catch {
        this.destroy();
      }
    });
    this.#stream = secure;
  }

  #read(chunk: Buffer): void {
    for (const message of this.#reader.read(chunk)) {
      if (message.type === messageTypes.attention) this.#attention.abort();
      this.#work = this.#work.then(() => this.#handle(message)).catch(() => this.destroy());
    }
  }

  async #handle(message: Message): Promise<void> {
    if (this.#socket.destroyed) return;
    switch (message.type) {
      case messageTypes.prelogin:
        return await this.#prelogin(message.body);
      case messageTypes.login:
        return await this.#login(readLogin(message.body));
      case messageTypes.attention:
        return await this.#acknowledgeAttention();
      default:
        return await this.#answer(message);
    }
  }

  async #prelogin(body: Buffer): Promise<void> {
    const asked = readEncryption(body);
    const wants = asked === encryption.on || asked === encryption.required;
    const isTls = wants && this.#host.certificate !== undefined && this.#stream === this.#socket;
    const answer = preloginAnswer(isTls ? encryption.on : encryption.notSupported);
    await this.#send(takePackets(messageTypes.reply, answer, this.#packetBytes, true));
    if (!isTls) return;
    this.#tunnel = new TlsTunnel(this.#socket);
    // TLS 1.3 goes on with its handshake when the client takes it for done.
    this.#secure(this.#tunnel, { maxVersion: 'TLSv1.2' });
  }

  async #login(login: Login): Promise<void> {
    const reply = this.#newReply();
    try {
      this.#session = this.#host.open(login, this.#stream !== this.#socket);
    } catch (error) {
      writeError(reply.bytes, toSqlError(error));
      writeDone(reply.bytes, 'done', { error: true });
      await reply.finish();
      this.#stream.end();
      return;
    }
    this.#requests = new Requests(this.#session, this.#host.faultOf);
    const packetBytes = Math.max(512, Math.min(32_767, login.packetBytes || this.#packetBytes));
    writeLoginAnswer(reply.bytes, this.#session.whose.database, packetBytes);
    writeDone(reply.bytes, 'done');
    await reply.finish();
    this.#packetBytes = packetBytes;
  }

  async #acknowledgeAttention(): Promise<void> {
    this.#attention = new AbortController();
    const reply = this.#newReply();
    writeDone(reply.bytes, 'done', { attention: true });
    await reply.finish();
  }

  async #answer(message: Message): Promise<void> {
    const reply = this.#newReply();
    if (message.reset) writeReset(reply.bytes);
    try {
      await this.#run(message, reply);
    } catch (error) {
      if (!(error instanceof SqlError) && !(error instanceof Cancellation)) throw error;
      if (error instanceof SqlError) writeError(reply.bytes, error);
      // SQL Server rolls a deadlock's victim back.
      if (error instanceof SqlError && error.number === 1205) this.#session?.end('ROLLBACK');
      writeDone(reply.bytes, message.type === messageTypes.remoteCall ? 'doneCall' : 'done', { error: true });
    }
    await reply.finish();
  }

  async #run({ type, body, reset }: Message, reply: Reply): Promise<void> {
    const requests = this.#requests;
    const session = this.#session;
    if (requests === undefined || session === undefined) throw new RangeError('It did not log in.');
    if (reset) session.end('ROLLBACK');
    if (type === messageTypes.batch) await requests.batch(body, reply);
    else if (type === messageTypes.remoteCall) await requests.call(body, reply);
    else if (type === messageTypes.transaction) this.#changeTransaction(session, withoutHeaders(body), reply);
    else throw unsupported(`messages of type ${type}`);
  }

  #changeTransaction(session: Session, body: Buffer, reply: Reply): void {
    const kind = body.readUInt16LE(0);
    if (kind === transactions.begin) {
      session.begin();
      this.#transaction += 1n;
      writeTransaction(reply.bytes, 'begin', this.#transaction);
    } else if (kind === transactions.commit || kind === transactions.rollback) {
      const isCommit = kind === transactions.commit;
      session.end(isCommit ? 'COMMIT' : 'ROLLBACK');
      writeTransaction(reply.bytes, isCommit ? 'commit' : 'rollback', this.#transaction);
    } else throw unsupported(`transaction requests of type ${kind}`);
    writeDone(reply.bytes, 'done');
  }

  #newReply(): Reply {
    const { signal } = this.#attention;
    const line: Line = { packetBytes: this.#packetBytes, signal, send: (bytes) => this.#send(bytes) };
    return new Reply(line);
  }

  /** Waits while the client doesn't read. */
  async #send(bytes: Buffer): Promise<void> {
    if (this.#socket.destroyed) throw new Cancellation();
    const stream = this.#stream;
    if (stream.write(bytes)) return;
    const socket = this.#socket;
    await new Promise<void>((resolve) => {
      const go = () => {
        stream.off('drain', go);
        socket.off('close', go);
        resolve();
      };
      stream.on('drain', go);
      socket.on('close', go);
    });
  }
}
