import { AdpError } from '../../errors.ts';
import type { Failure } from '../../resilience/retry.ts';
import type { RunDeps } from '../runWork.ts';
import type { PolledSource } from './polledSource.ts';
import { failPollRun } from './pollRun.ts';
import type { SecretSource } from './reachSource.ts';
import type { ReadRequest } from './readRequest.ts';
import { afterPoll, type EndedRead, type StatusStore } from './sourceStatus.ts';

/** A read that is given up. */
export interface FailedRead extends ReadRequest {
  readonly dealerId: string;
  readonly sourceId: string;
  readonly failure: Failure;
}

/** Ends its run as failed; the cursor stays where it was. Twice is harmless. */
export async function failRead({ failure, ...of }: FailedRead, deps: RunDeps): Promise<void> {
  const { code, detail, disposition } = failure;
  await failPollRun(of, new AdpError(code, detail, { disposition }), deps);
}

/** A poll of a source that has ended. */
export interface EndedPoll {
  readonly dealerId: string;
  readonly sourceId: string;
  readonly ended: readonly EndedRead[];
}

export interface EndPollDeps {
  readonly statuses: StatusStore;
  readonly secrets: SecretSource;
  readonly sourceOf: (dealerId: string, sourceId: string) => Promise<PolledSource>;
  readonly now: () => Date;
}

/** Says in the source's status how it went, and parks it where a person has to do something. Twice is harmless. */
export async function endPoll({ dealerId, sourceId, ended }: EndedPoll, deps: EndPollDeps): Promise<void> {
  const state = await stateOf(dealerId, sourceId, deps);
  const now = deps.now().toISOString();
  await deps.statuses.change(dealerId, sourceId, (status) => afterPoll(status, ended, now, state));
}

/** What must change for a parked source to go on. */
async function stateOf(dealerId: string, sourceId: string, { sourceOf, secrets }: EndPollDeps) {
  try {
    const { etag, credential } = await sourceOf(dealerId, sourceId);
    if (credential === undefined) return { etag };
    const secretVersion = await secrets.get(credential).then(
      ({ version }) => version,
      () => undefined,
    );
    return secretVersion === undefined ? { etag } : { etag, secretVersion };
  } catch (error) {
    // Disabled or gone: once it is back it has another ETag.
    if (error instanceof AdpError && error.disposition === 'park') return { etag: '' };
    throw error;
  }
}
