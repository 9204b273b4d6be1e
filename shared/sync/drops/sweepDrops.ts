import { hash } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { DropBlob, DropStore } from './dropStore.ts';
import { isIgnored } from './ignored.ts';
import type { Arrival, LedgerStore } from './ledgerStore.ts';
import { describedBy, manifestsAmong } from './manifest.ts';
import { pairingOf } from './pairing.ts';
import { placeOf } from './place.ts';

export interface SweepDeps {
  readonly drops: Pick<DropStore, 'list'>;
  readonly ledger: Pick<LedgerStore, 'state'>;
  readonly clock: Clock;
  /** Larger blobs are not the trigger's. */
  readonly triggerMaxBytes: number;
  /** Sends to `file-arrivals`. A message with an id that was sent within ten minutes may be dropped. */
  readonly send: (path: string, id: string) => Promise<void>;
  /** Arrivals that are known to be settled, by their keys; kept from one sweep to the next. */
  readonly settled: Set<string>;
}

/** How long a blob is left to the trigger. */
const graceMs = 60_000;
/** Older blobs are history, whatever a ledger that was purged says of them. */
const oldestMs = 365 * 86_400_000;
/** Bounds memory; what falls out is looked up again. */
const maxSettled = 200_000;

/**
 * Sends whatever lies in `drops` and is not settled to `file-arrivals`: what the trigger missed, gave up on or is not
 * for, and what is due for another try. Answers how many were sent.
 */
export async function sweepDrops(deps: SweepDeps): Promise<number> {
  let sent = 0;
  let folder: DropBlob[] = [];
  for await (const blob of deps.drops.list()) {
    const [last] = folder;
    if (last !== undefined && placeOf(last.path).dealerId !== placeOf(blob.path).dealerId) {
      sent += await sweepFolder(folder, deps);
      folder = [];
    }
    folder.push(blob);
  }
  return sent + (await sweepFolder(folder, deps));
}

/** The files of one dealer: a manifest may lie far from its file in the list. */
async function sweepFolder(folder: readonly DropBlob[], deps: SweepDeps): Promise<number> {
  const manifests = manifestsAmong(folder);
  let sent = 0;
  for (const blob of folder) {
    if (describedBy(blob.path) !== undefined || isIgnored(placeOf(blob.path).file)) continue;
    const manifest = manifests.get(blob.path);
    if (pairingOf(blob, manifest) === 'not yet') continue;
    const arrival = { path: blob.path, etag: blob.etag, manifestEtag: manifest?.etag ?? '' };
    const tries = await triesIfDue(blob, arrival, deps);
    if (tries === undefined) continue;
    await deps.send(blob.path, hash('sha256', `${keyOf(arrival)}\n${tries}`, 'hex'));
    sent++;
  }
  return sent;
}

/** How often an arrival was tried, if it is due; undefined: there is nothing to do for it now. */
async function triesIfDue(blob: DropBlob, arrival: Arrival, deps: SweepDeps): Promise<number | undefined> {
  const key = keyOf(arrival);
  if (deps.settled.has(key)) return undefined;
  const now = deps.clock();
  const age = now - blob.arrivedAt.getTime();
  if (age > oldestMs) return undefined;
  const state = await deps.ledger.state(arrival);
  switch (state.kind) {
    case 'settled':
      if (deps.settled.size >= maxSettled) deps.settled.clear();
      deps.settled.add(key);
      return undefined;
    case 'unknown':
      return blob.bytes > deps.triggerMaxBytes || age > graceMs ? 0 : undefined;
    default:
      return state.until <= now ? state.tries : undefined;
  }
}

function keyOf({ path, etag, manifestEtag }: Arrival): string {
  return [path, etag, manifestEtag].join('\n');
}
