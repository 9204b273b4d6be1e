import type { Sender } from 'rhea';
import { Refusal, toRefusal } from '../amqp/refusal.ts';
import { decode, rhea } from '../amqp/rhea.ts';
import type { Journal } from '../journal/journal.ts';
import type { Node } from './address.ts';
import { performOperation, type Reply, toFields } from './managementOperations.ts';

/** HTTP-like status codes of replies. Source: `AmqpResponseStatusCode` of @azure/core-amqp. */
const status = {
  ok: 200,
  accepted: 202,
  noContent: 204,
  badRequest: 400,
  notFound: 404,
  gone: 410,
  notImplemented: 501,
};

const statusOfCondition: { readonly [condition: string]: number } = {
  'amqp:not-implemented': status.notImplemented,
  'amqp:not-found': status.notFound,
  'com.microsoft:message-not-found': status.notFound,
  'com.microsoft:message-lock-lost': status.gone,
};

/** A client's requests to `$cbs` or to a queue's `$management`; replies go to the link that a request names. */
export class RequestLink {
  readonly #node: Exclude<Node, { kind: 'queue' }>;
  readonly #journal: Pick<Journal, 'whenDurable'>;
  readonly #replyTo: (address: string) => Sender | undefined;

  constructor(
    node: Exclude<Node, { kind: 'queue' }>,
    journal: Pick<Journal, 'whenDurable'>,
    replyTo: (address: string) => Sender | undefined,
  ) {
    this.#node = node;
    this.#journal = journal;
    this.#replyTo = replyTo;
  }

  /** Answers once what was done is durable. */
  onRequest(bytes: Buffer): void {
    const request = decode(bytes);
    const operation = String(toFields(request.application_properties).operation);
    let answer: Reply | Refusal;
    try {
      answer = this.#perform(operation, request.body);
    } catch (error) {
      answer = toRefusal(error);
    }
    this.#journal.whenDurable(() => {
      const sender = this.#replyTo(String(request.reply_to));
      if (!sender?.is_open()) return;
      const reply = sender.send({ correlation_id: asMessageId(request.message_id), ...this.#render(answer) });
      // Nothing more is to be said about a reply; unsettled, it would take up room in the session for good.
      Object.assign(reply, { settled: true });
    });
  }

  #perform(operation: string, body: unknown): Reply {
    if (this.#node.kind === 'management') return performOperation(operation, this.#node.queue, toFields(body));
    if (operation !== 'put-token') throw new Refusal('notAllowed', `$cbs does not know the operation ${operation}.`);
    return {};
  }

  #render(answer: Reply | Refusal): { body: unknown; application_properties: { [name: string]: unknown } } {
    if (answer instanceof Refusal) {
      const code = statusOfCondition[answer.condition] ?? status.badRequest;
      return { body: null, application_properties: statusProperties(code, answer.message, answer.condition) };
    }
    if (answer === undefined)
      return { body: null, application_properties: statusProperties(status.noContent, 'No content') };
    const code = this.#node.kind === 'claims' ? status.accepted : status.ok;
    return { body: answer, application_properties: statusProperties(code, 'OK') };
  }
}

/** `$management` and `$cbs` spell them differently. */
function statusProperties(code: number, description: string, condition?: string): { [name: string]: unknown } {
  const errorCondition = condition === undefined ? undefined : rhea.types.wrap_symbol(condition);
  return {
    statusCode: rhea.types.wrap_int(code),
    statusDescription: description,
    'status-code': rhea.types.wrap_int(code),
    'status-description': description,
    ...(errorCondition && { errorCondition, 'error-condition': errorCondition }),
  };
}

function asMessageId(value: unknown): string | number | Buffer {
  return typeof value === 'number' || Buffer.isBuffer(value) ? value : String(value);
}
