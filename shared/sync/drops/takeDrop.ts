import { AdpError } from '../../errors.ts';
import type { ArrivalDeps } from './arrivalDeps.ts';
import { ArrivalWork } from './arrivalWork.ts';
import { isIgnored } from './ignored.ts';
import type { Arrival } from './ledgerStore.ts';
import { describedBy, manifestsAmong } from './manifest.ts';
import { pairingOf } from './pairing.ts';
import { placeOf } from './place.ts';
import { endLease, type Taking, unlessLost } from './taking.ts';

/** A file that failed so often is given up. */
const maxFailures = 5;
/** A file whose process died so often is given up: it may be the file that kills. */
const maxCrashes = 15;
/** Milliseconds until the next try, by failures so far. */
const pauses = [5_000, 30_000, 120_000, 600_000] as const;

/**
 * Takes a file that has arrived in `drops`, or the file whose manifest has arrived. Whoever is told of it, and however
 * often: the ledger lets one work on it at a time, and remembers what is settled. What may pass is tried again by the
 * sweep, which is the one owner of these retries; whatever else is wrong ends as a failed run.
 *
 * @param path `{dealerId}/…/{file}`
 * @throws AdpError `NETWORK_ERROR` (retry) where not even the ledger can be written
 */
export async function takeDrop(path: string, deps: ArrivalDeps): Promise<Taking> {
  const filePath = describedBy(path) ?? path;
  if (isIgnored(placeOf(filePath).file)) return 'nothing to do';
  const blob = await deps.drops.find(filePath);
  if (blob === undefined) return 'nothing to do';
  const beside = await Array.fromAsync(deps.drops.list(`${filePath}.`));
  const manifest = manifestsAmong(beside).get(filePath);
  if (pairingOf(blob, manifest) === 'not yet') return 'nothing to do';

  const arrival: Arrival = { path: filePath, etag: blob.etag, manifestEtag: manifest?.etag ?? '' };
  const begun = await deps.ledger.begin(arrival);
  if (begun.kind === 'not ours') return 'nothing to do';
  const { lease } = begun;
  try {
    return await settle(new ArrivalWork(blob, manifest, lease, deps), arrival, deps);
  } catch (error) {
    deps.onFailure(filePath, error);
    return await unlessLost(async () => {
      await lease.postpone(deps.clock() + (pauses[lease.failures] ?? 600_000), true);
      return 'later';
    });
  }
}

async function settle(work: ArrivalWork, arrival: Arrival, deps: ArrivalDeps): Promise<Taking> {
  const { lease } = work;
  if (arrival.manifestEtag !== '') {
    // The manifest came after its file: what was done without it stays done.
    const bare = await deps.ledger.state({ ...arrival, manifestEtag: '' });
    if (bare.kind === 'settled' && bare.outcome === 'done') return await endLease(lease, 'done', bare.runId);
    if (bare.kind === 'working')
      return await unlessLost(async () => {
        await lease.postpone(deps.clock() + pauses[0], false);
        return 'later';
      });
  }
  try {
    if (lease.crashes >= maxCrashes) {
      throw new AdpError('INTERNAL', `The process died ${lease.crashes} times while it worked on this file.`, {
        disposition: 'park',
      });
    }
    return await work.take();
  } catch (error) {
    const isFinal = error instanceof AdpError && (error.disposition === 'park' || error.disposition === 'skip');
    if (!isFinal && lease.failures + 1 < maxFailures) throw error;
    if (!isFinal) deps.onFailure(arrival.path, error);
    return await work.fail({ error: isFinal ? error : givenUp(error), rows: [] });
  }
}

function givenUp(error: unknown): AdpError {
  const why = error instanceof AdpError ? error.message : 'Something unexpected went wrong; the log has it.';
  const code = error instanceof AdpError ? error.code : 'INTERNAL';
  return new AdpError(code, `The file failed ${maxFailures} times, the last time so: ${why}`, {
    disposition: 'park',
    cause: error,
  });
}
