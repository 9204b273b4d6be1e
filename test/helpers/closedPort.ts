import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';

/** A port of this machine on which nobody listens, and nobody will: it is one end of a connection that is kept. */
export interface ClosedPort {
  readonly port: number;
  /** Lets others have it. */
  release(): Promise<void>;
}

/** In place of a port that was free a moment ago, which the next server that starts may get. */
export async function closedPort(): Promise<ClosedPort> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const accepted = once(listener, 'connection');
  const client = connect({ host: '127.0.0.1', port: (listener.address() as AddressInfo).port });
  await once(client, 'connect');
  const [peer] = await accepted;
  const { localPort: port } = client;
  if (port === undefined) throw new Error('A connection has a port.');
  return {
    port,
    async release() {
      client.destroy();
      peer.destroy();
      listener.close();
      await once(listener, 'close');
    },
  };
}
