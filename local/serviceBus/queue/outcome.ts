import type { Properties } from '../amqp/applicationProperties.ts';

/** What a receiver did with a message that it had locked. */
export type Outcome =
  | { readonly kind: 'complete' }
  /** Given back unused: the delivery doesn't count. */
  | { readonly kind: 'release' }
  | { readonly kind: 'abandon'; readonly properties: Properties }
  | { readonly kind: 'defer'; readonly properties: Properties }
  /** `properties` hold the reason and the description too, under their Service Bus names. */
  | { readonly kind: 'deadLetter'; readonly properties: Properties };

/** The properties of a dead letter that say why. Source: `DeadLetterReason` in @azure/service-bus. */
export function deadLetterProperties(reason: string | undefined, description: string | undefined): Properties {
  return {
    ...(reason === undefined ? {} : { DeadLetterReason: reason }),
    ...(description === undefined ? {} : { DeadLetterErrorDescription: description }),
  };
}
