import { AdpError } from '../shared/errors.ts';
import { parseRun, type Run } from './answers/run.ts';
import type { HubClient } from './client.ts';
import { pathOf } from './paths.ts';

/** The hub closes or gives up every run long before; beyond this, the hub itself is in trouble. */
const longestWait = 15 * 60_000;
const firstPause = 200;
const longestPause = 2_000;

/** @throws AdpError DATA_ERROR where there is no such run, or none that this key may see */
export async function readRun(hub: HubClient, runId: string): Promise<Run> {
  const { body } = await hub.get(pathOf('runs', runId));
  return parseRun(body);
}

/**
 * Asks until the run is closed.
 *
 * @param onRunning told each answer that is not the last
 * @param atMost milliseconds
 * @throws AdpError NETWORK_ERROR when it is still running after `atMost`
 */
export async function waitForRun(
  hub: HubClient,
  runId: string,
  onRunning: (run: Run) => void = () => {},
  atMost: number = longestWait,
): Promise<Run> {
  let waited = 0;
  for (let pause = firstPause; ; pause = Math.min(longestPause, pause * 1.5)) {
    const run = await readRun(hub, runId);
    if (run.status !== 'running') return run;
    if (waited >= atMost) {
      const seconds = Math.round(waited / 1000);
      throw new AdpError('NETWORK_ERROR', `run ${runId} is still running after ${seconds} s: see adp run ${runId}`);
    }
    onRunning(run);
    await hub.sleep(pause);
    waited += pause;
  }
}
