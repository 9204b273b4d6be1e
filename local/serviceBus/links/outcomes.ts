import type { Delivery } from 'rhea';
import type { Properties } from '../amqp/applicationProperties.ts';
import { notSupported } from '../amqp/refusal.ts';
import { deadLetterProperties, type Outcome } from '../queue/outcome.ts';

/** rhea's events for the four final states of a delivery. */
export const outcomeEvents = ['accepted', 'released', 'modified', 'rejected'] as const;
export type OutcomeEvent = (typeof outcomeEvents)[number];

/**
 * How the SDK says on the link what became of a message. The reason of a dead letter is in the error's info, under the
 * names of its application properties.
 * Source: `settleMessage` of @azure/service-bus.
 */
export function readOutcome(event: OutcomeEvent, state: Delivery['remote_state']): Outcome {
  switch (event) {
    case 'accepted':
      return { kind: 'complete' };
    case 'released':
      return { kind: 'release' };
    case 'modified':
      return {
        kind: state?.undeliverable_here === true ? 'defer' : 'abandon',
        properties: toProperties(state?.message_annotations),
      };
    case 'rejected':
      return { kind: 'deadLetter', properties: toProperties(state?.error?.info) };
  }
}

/**
 * How the SDK says it in a management request, which it does for deferred messages and when the link is gone.
 * Source: `updateDispositionStatus` of @azure/service-bus.
 * @throws Refusal if the status is none of its four
 */
export function readDispositionStatus(body: { readonly [field: string]: unknown }): Outcome {
  const properties = toProperties(body['properties-to-modify']);
  switch (body['disposition-status']) {
    case 'completed':
      return { kind: 'complete' };
    case 'abandoned':
      return { kind: 'abandon', properties };
    case 'defered':
      return { kind: 'defer', properties };
    case 'suspended': {
      const why = deadLetterProperties(asText(body['deadletter-reason']), asText(body['deadletter-description']));
      return { kind: 'deadLetter', properties: { ...properties, ...why } };
    }
    default:
      throw notSupported(`the disposition status ${String(body['disposition-status'])}`);
  }
}

function toProperties(map: unknown): Properties {
  if (typeof map !== 'object' || map === null) return {};
  return Object.fromEntries(Object.entries(map).filter(([, value]) => value !== undefined && value !== null));
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
