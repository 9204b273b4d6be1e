import type { Server, Socket } from 'node:net';
import type { EventContext, link } from 'rhea';
import { Refusal } from './amqp/refusal.ts';
import { RawMessage, receiveRawMessages, rhea } from './amqp/rhea.ts';
import { sessionCapacity } from './links/consumerLink.ts';
import type { LinkTable } from './links/linkTable.ts';
import { outcomeEvents } from './links/outcomes.ts';
import { maxMessageSize } from './links/producerLink.ts';

export interface AmqpServer {
  readonly port: number;
  /** Cuts all connections. */
  close(): void;
}

/**
 * The AMQP side: accepts connections on 127.0.0.1 and turns rhea's events into calls of the link table.
 * @param port 0 for any that is free
 * @throws the socket's error if the port can't be had
 */
export async function listen(port: number, links: LinkTable): Promise<AmqpServer> {
  receiveRawMessages();
  const container = rhea.create_container({
    id: 'adp-service-bus',
    tcp_no_delay: true,
    treat_modified_as_released: false,
  });
  const anonymous = container.sasl_server_mechanisms;
  anonymous.enable_anonymous();
  // The SDK's own name for "the token comes later, through $cbs".
  anonymous.MSSBCBS = anonymous.ANONYMOUS;

  container.on('receiver_open', ({ receiver }: EventContext) => {
    if (receiver) attachOrRefuse(receiver, 'target', () => links.attachReceiver(receiver));
  });
  container.on('sender_open', ({ sender }: EventContext) => {
    if (sender) attachOrRefuse(sender, 'source', () => links.attachSender(sender));
  });
  container.on('message', ({ receiver, message, delivery }: EventContext) => {
    if (receiver && delivery) links.onMessage(receiver, rawBytes(message), delivery);
  });
  container.on('sender_flow', ({ sender }: EventContext) => {
    if (sender) links.onFlow(sender);
  });
  for (const event of outcomeEvents) {
    container.on(event, ({ sender, delivery }: EventContext) => {
      if (sender && delivery) links.onOutcome(sender, event, delivery);
    });
  }
  container.on('sender_close', ({ sender }: EventContext) => {
    if (sender) links.detachSender(sender);
  });
  container.on('session_close', ({ session }: EventContext) => {
    session?.each_sender(links.detachSender.bind(links), () => true);
  });
  for (const event of ['disconnected', 'connection_close']) {
    container.on(event, ({ connection }: EventContext) => links.detachAll(connection));
  }
  // A client's own errors are followed by a close event each; what else goes wrong on a connection ends that one only.
  for (const event of ['sender_error', 'receiver_error', 'session_error', 'connection_error']) {
    container.on(event, () => {});
  }
  for (const event of ['error', 'protocol_error']) {
    container.on(event, (error: unknown) =>
      console.error('A Service Bus connection was closed after an error:', error),
    );
  }

  const server = container.listen({
    port,
    host: '127.0.0.1',
    // A message in one piece: frames of 64 KB would be copied once more to put it together.
    max_frame_size: maxMessageSize + 1_024,
    idle_time_out: 240_000,
    session_buffer_size: { outgoing: sessionCapacity, incoming: 2048 },
    receiver_options: { autoaccept: false, credit_window: 500 },
    sender_options: { autosettle: false },
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', reject);
  });
  return {
    port: portOf(server),
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('The server does not listen on a port.');
  return address.port;
}

/**
 * A refused link is opened without a terminus and closed at once with the reason (OASIS AMQP 1.0, part 2, 2.6.3). It is
 * said here too, because the SDK puts words of its own in its place when a session is refused.
 */
function attachOrRefuse(refused: link, terminus: 'source' | 'target', attach: () => void): void {
  try {
    attach();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    console.error('Service Bus broker: a link was refused.', error.message);
    refused.local.attach[terminus] = undefined;
    refused.close(error.toAmqp());
  }
}

/** rhea decodes (here: wraps) plain messages, and passes on those of other formats, batches, as bytes. */
function rawBytes(message: unknown): Buffer {
  if (message instanceof RawMessage) return message.bytes;
  if (Buffer.isBuffer(message)) return message;
  throw new TypeError('rhea handed over a decoded message.');
}
