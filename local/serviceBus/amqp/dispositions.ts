import type { Delivery } from 'rhea';
import type { Refusal } from './refusal.ts';
import { type DescribedState, rhea } from './rhea.ts';

export const accepted = (): DescribedState => rhea.message.accepted({}).described();

/** With a refusal: it could not be done. Without: the client's own "rejected" (dead-letter) was carried out. */
export const rejected = (refusal?: Refusal): DescribedState =>
  rhea.message.rejected(refusal === undefined ? {} : { error: refusal.toAmqp() }).described();

export const released = (): DescribedState => rhea.message.released({}).described();

export const modified = (deliveryFailed: boolean, undeliverableHere: boolean): DescribedState =>
  rhea.message.modified({ delivery_failed: deliveryFailed, undeliverable_here: undeliverableHere }).described();

/**
 * Settles a delivery with its final state. rhea 3.0.5 merges the states of two consecutive deliveries that are settled
 * before it next writes, whatever they are, so that a refusal could go out as an acceptance; therefore what waits is
 * written first unless all of it, and this, is an acceptance.
 */
export function settle(delivery: Delivery, state: DescribedState): void {
  const { session } = delivery.link;
  const { outgoing, incoming } = session;
  const waiting = delivery.link.is_sender() ? outgoing.pending_dispositions : incoming.updated;
  const last = waiting.at(-1)?.state;
  const mergeable = last === undefined || (rhea.message.is_accepted(last) && rhea.message.is_accepted(state));
  if (!mergeable && delivery.link.is_sender()) outgoing.process();
  if (!mergeable && delivery.link.is_receiver()) incoming.process(session);
  delivery.update(true, state);
  // The SDK never confirms that it has settled what the broker settled; rhea would keep every delivery of a link waiting
  // for it, until there is no room for more.
  Object.assign(delivery, { remote_settled: true });
}
