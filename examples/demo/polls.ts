import { parseTriggered } from '../../cli/answers/source.ts';
import type { HubClient } from '../../cli/client.ts';
import { pathOf } from '../../cli/paths.ts';
import { waitForRun } from '../../cli/waitForRun.ts';
import { AdpError } from '../../shared/errors.ts';
import type { ExpectedPoll, PolledSystem, Round } from '../adventure-works/polled.ts';
import type { Arrival } from './arrival.ts';

/** Far longer than it takes, and short enough for somebody who watches. */
const longestWait = 90_000;

/**
 * Triggers a source, as `adp trigger --wait` does, and waits until what was read is written.
 *
 * @returns an arrival for each of the round's polls
 * @throws AdpError where the hub refuses, or a run doesn't close in time
 */
export async function pollOnce(
  hub: HubClient,
  { dealer, source }: PolledSystem,
  { polls, mode }: Round,
  onProgress: (text: string) => void,
): Promise<Arrival[]> {
  const [only, ...others] = polls;
  const entity = mode !== undefined && others.length === 0 ? only?.entity : undefined;
  const { body } = await hub.post(pathOf('admin', 'dealers', dealer, 'sources', source, 'trigger'), {
    query: { mode, entity },
  });
  const closed = await Promise.all(
    parseTriggered(body).runs.map((id) =>
      waitForRun(hub, id, ({ receipt }) => onProgress(`  ${receipt.read} rows read`), longestWait),
    ),
  );
  return polls.map((poll) => {
    const run = closed.find((each) => each.entity === poll.entity);
    if (run === undefined) throw new AdpError('INTERNAL', `${dealer}/${source}: nothing polled ${poll.entity}`);
    return { delivery: deliveryOf(dealer, poll), runs: [run], receipt: run.receipt };
  });
}

function deliveryOf(dealer: string, { entity, what, rows }: ExpectedPoll): Arrival['delivery'] {
  return { dealer, entity, file: what, content: '', rows, bad: 0 };
}
