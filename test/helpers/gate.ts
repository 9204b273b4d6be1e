import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/**
 * Stands between a program and a server of somebody else's, in the process of the test: what the program says goes on
 * only when the test lets it. So a test can do something in the middle, however fast or slow anybody is.
 */
export interface Gate {
  /** The server's URL, but through the gate. */
  readonly url: string;
  /** Awaited before each thing that the program says is passed on. At first it lets everything through. */
  before: () => Promise<void>;
  close(): Promise<void>;
}

export async function startGate(server: string): Promise<Gate> {
  const { hostname: host, port } = new URL(server);
  const sockets = new Set<Socket>();
  const listener = createServer((program) => {
    const upstream = connect({ host, port: Number(port) });
    for (const [one, other] of [
      [program, upstream],
      [upstream, program],
    ] as const) {
      sockets.add(one);
      // Who is told is the other side.
      one.on('error', () => undefined);
      one.once('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
    upstream.pipe(program);
    passOn(program, upstream).catch(() => upstream.destroy());
  });
  const passOn = async (from: Socket, to: Socket) => {
    for await (const chunk of from) {
      await gate.before();
      to.write(chunk);
    }
    to.end();
  };
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const url = new URL(server);
  url.hostname = '127.0.0.1';
  url.port = String((listener.address() as AddressInfo).port);
  const gate: Gate = {
    url: url.href,
    before: async () => undefined,
    async close() {
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, 'close');
    },
  };
  return gate;
}
