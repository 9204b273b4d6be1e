import { listItems } from '../../cli/answers/list.ts';
import { parseRun, type Run } from '../../cli/answers/run.ts';
import type { HubClient } from '../../cli/client.ts';
import { pathOf } from '../../cli/paths.ts';
import { waitForRun } from '../../cli/waitForRun.ts';
import { AdpError } from '../../shared/errors.ts';
import type { Drop } from '../adventure-works/drop.ts';
import type { Arrival } from './arrival.ts';

/** Far longer than the hub needs to find a file, and short enough for somebody who watches. */
const longestWait = 90_000;
const pause = 300;

/**
 * Waits until each file has its run, and the runs are closed.
 *
 * @param known runs of earlier files by the same names; those that are found are added
 * @throws AdpError NETWORK_ERROR where a file isn't taken or its run doesn't close in time
 */
export async function waitForDrops(
  hub: HubClient,
  dealer: string,
  drops: readonly Drop[],
  known: Set<string>,
  onProgress: (text: string) => void,
): Promise<Arrival[]> {
  let closed = 0;
  const tell = () => onProgress(`  ${closed} of ${drops.length} files taken`);
  tell();
  const runs = await findRuns(hub, dealer, drops, known);
  return await Promise.all(
    drops.map(async (drop, index) => {
      const run = await waitForRun(hub, runs[index]?.run_id ?? '', undefined, longestWait);
      closed++;
      tell();
      return { delivery: drop, runs: [run], receipt: run.receipt };
    }),
  );
}

/** The run of each file, in the files' order. */
async function findRuns(
  hub: HubClient,
  dealer: string,
  drops: readonly Drop[],
  known: Set<string>,
): Promise<readonly Run[]> {
  for (let waited = 0; waited < longestWait; waited += pause) {
    const runs = await newRuns(hub, dealer, known);
    const found = drops.flatMap(({ file }) => runs.find((run) => run.file?.path === `${dealer}/${file}`) ?? []);
    if (found.length === drops.length) {
      for (const { run_id } of found) known.add(run_id);
      return found;
    }
    await hub.sleep(pause);
  }
  throw new AdpError('NETWORK_ERROR', `not every file of ${dealer} was taken within ${longestWait / 1000} s`);
}

async function newRuns(hub: HubClient, dealer: string, known: ReadonlySet<string>): Promise<Run[]> {
  const path = pathOf('dealers', dealer, 'runs');
  const runs = await Array.fromAsync(listItems(hub, path, {}, parseRun, Number.POSITIVE_INFINITY));
  return runs.filter(({ run_id }) => !known.has(run_id));
}
