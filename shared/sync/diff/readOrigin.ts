import { AdpError } from '../../errors.ts';
import type { EntityName } from '../../model/entities.ts';
import { sourceOf } from '../../snapshot/bytes.ts';
import { readStaged } from '../poll/stagedLine.ts';
import { StagedTexts } from '../poll/stagedTexts.ts';
import type { StagingBlobs } from '../poll/stagingBlobs.ts';
import { fewRejects } from '../tooManyRejects.ts';
import type { ReadMessage } from './diffMessage.ts';
import { boundMeaning, type Origin, type ReadRules, usualDeleteRatio } from './origin.ts';
import type { Guards } from './plan.ts';
import { planDiff } from './planDiff.ts';
import { planSweep } from './planSweep.ts';
import { toTextsFile } from './textsFile.ts';

export interface ReadOriginDeps {
  readonly staging: Pick<StagingBlobs, 'open' | 'remove'>;
  /** What a polled source says now. @throws AdpError (park) where it doesn't bring the entity any more */
  readonly rulesOf: (dealerId: string, sourceId: string, entity: EntityName) => Promise<ReadRules>;
}

/** A polled source that was read to its end, page by page: all of its rows, or all of its keys. */
export function readOrigin(message: ReadMessage, deps: ReadOriginDeps): Origin {
  const { dealer_id: dealerId, entity, source_id: sourceId, read } = message;
  const { staging } = deps;
  const rules = () => deps.rulesOf(dealerId, sourceId, entity);

  const lines = async () => {
    const chunks = await staging.open(read.blob);
    if (chunks !== undefined) return chunks;
    throw new AdpError('INTERNAL', 'The rows that were read are gone. The next read brings them again.', {
      disposition: 'park',
    });
  };

  return {
    reads: read.mode === 'keys' ? 'keys' : 'rows',
    heading: { door: 'poll' },
    endedAt: new Date(read.ended_at),
    isThere: async () => (await staging.open(read.blob)) !== undefined,
    async overtaken() {
      // Only the fields that the mapping of that time needs were read.
      return (await rules()).meaning === read.meaning
        ? undefined
        : 'The mapping or the zone has changed since it was read; the next one reads everything again.';
    },
    mapper: async () => (await rules()).mapper,
    async plan({ against, ...task }, prefix, blobs) {
      const source = await rules();
      const { mapper, maxDeleteRatio, maxRejectRatio } = source;
      const guards: Guards = {
        maxDeleteRatio: maxDeleteRatio ?? usualDeleteRatio,
        maxRejectRatio,
        rejectsAllowed: fewRejects,
        isEmptyAlwaysSuspect: false,
        suspicion: read.suspicion,
      };
      const notes = [...read.notes, ...task.notes];
      if (read.mode === 'keys') {
        if (against.kind !== 'store') throw new AdpError('INTERNAL', 'Keys are compared with the store alone.');
        const rows = readStaged(await lines(), read.rows);
        return await planSweep({ ...task, rows, mapper, guards, against, notes }, prefix, blobs);
      }
      const staged = { source: sourceOf(await lines()), texts: new StagedTexts(read.rows), encoding: 'none' };
      const file = toTextsFile(staged, 'texts of rows', mapper);
      const meaning = boundMeaning(entity, source);
      const rest = { expectedRows: undefined, columns: undefined, notes, noteIfSame: undefined };
      return await planDiff({ ...task, ...rest, against, file, mapper, meaning, guards }, prefix, blobs);
    },
    sent: async () => undefined,
    async leave() {
      // What can't be removed now goes by lifecycle rule.
      await Promise.allSettled([staging.remove(read.blob)]);
    },
  };
}
