import { AdpError } from '../errors.ts';
import type { EntityName } from '../model/entities.ts';
import type { RecordDocument } from '../model/record.ts';
import { isRecordId } from '../model/recordId.ts';
import { parseVersion } from '../model/version.ts';
import type { HeldRecord, RecordStore, RecordWrite } from '../sync/applyChanges.ts';
import type { Fingerprint, HeldRecords } from '../sync/diff/heldRecords.ts';
import type { Documents, DocumentWrite } from './cosmos.ts';

export interface RecordFilter {
  /** Key fields and the text they must equal. */
  readonly where: Readonly<Record<string, string>>;
  /** Inclusive, about `ingested_at`. RFC 3339, UTC. */
  readonly updatedSince?: string;
  readonly includeDeleted: boolean;
  readonly limit: number;
  readonly continuation?: string;
}

export interface RecordPage {
  readonly items: RecordDocument[];
  readonly continuation?: string;
}

/** The records' store with what only the routes need. */
export interface Records extends RecordStore, HeldRecords {
  get(dealerId: string, entity: EntityName, id: string): Promise<RecordDocument | undefined>;
  list(dealerId: string, entity: EntityName, filter: RecordFilter): Promise<RecordPage>;
  /** Whether a dealer has a record that isn't deleted. */
  any(dealerId: string): Promise<boolean>;
  /** Removes everything of a dealer, tombstones too. */
  purge(dealerId: string): Promise<void>;
}

/** A tombstone expires: by then no older change is under way any more. */
const tombstoneSeconds = 90 * 24 * 60 * 60;

const idsAQuery = 500;
const fingerprintsAPage = 5_000;

export function recordsIn(documents: Documents): Records {
  return {
    async held(dealerId, entity, ids) {
      const found = new Map<string, HeldRecord>();
      for (let i = 0; i < ids.length; i += idsAQuery) {
        const some = ids.slice(i, i + idsAQuery);
        let continuation: string | undefined;
        do {
          const page = await documents.page({
            text: `SELECT c.id, c._etag, c.version, c.content_hash, c.source_id, c.run_id, c.first_run_id FROM c WHERE ${ofEntity} AND c.id IN (${some.map((_, n) => `@${n}`).join(', ')})`,
            parameters: { ...scope(dealerId, entity), ...Object.fromEntries(some.map((id, n) => [`@${n}`, id])) },
            within: [dealerId, entity],
            ...(continuation === undefined ? {} : { continuation }),
          });
          for (const document of page.documents) found.set(String(document.id), toHeld(document));
          continuation = page.continuation;
        } while (continuation !== undefined);
      }
      return found;
    },
    write: (dealerId, entity, writes) => documents.write(writes.map((write) => toWrite(dealerId, entity, write))),
    async get(dealerId, entity, id) {
      // Cosmos DB refuses to be asked for what can't be an id of its own, such as one with a slash.
      if (!isRecordId(id)) return undefined;
      const document = await documents.read([dealerId, entity, id]);
      return document === undefined ? undefined : toRecord(document);
    },
    async list(dealerId, entity, filter) {
      const { text, parameters } = listQuery(dealerId, entity, filter);
      const page = await documents.page({
        text,
        parameters,
        within: [dealerId, entity],
        limit: filter.limit,
        ...(filter.continuation === undefined ? {} : { continuation: decodeContinuation(filter.continuation) }),
      });
      const items = page.documents.map(toRecord);
      return page.continuation === undefined
        ? { items }
        : { items, continuation: Buffer.from(page.continuation).toString('base64url') };
    },
    async *fingerprints(dealerId, entity) {
      let continuation: string | undefined;
      do {
        const page = await documents.page({
          text: `SELECT c.id, c.content_hash, c.source_id, c.version FROM c WHERE ${ofEntity} AND IS_NULL(c.deleted_at)`,
          parameters: scope(dealerId, entity),
          within: [dealerId, entity],
          limit: fingerprintsAPage,
          ...(continuation === undefined ? {} : { continuation }),
        });
        yield page.documents.map(toFingerprint);
        continuation = page.continuation;
      } while (continuation !== undefined);
    },
    async any(dealerId) {
      const text = 'SELECT TOP 1 c.id FROM c WHERE c.dealer_id = @dealer AND IS_NULL(c.deleted_at)';
      let continuation: string | undefined;
      do {
        const page = await documents.page({
          text,
          parameters: { '@dealer': dealerId },
          within: [dealerId],
          limit: 1,
          ...(continuation === undefined ? {} : { continuation }),
        });
        if (page.documents.length > 0) return true;
        continuation = page.continuation;
      } while (continuation !== undefined);
      return false;
    },
    async purge(dealerId) {
      for (;;) {
        const { documents: found } = await documents.page({
          text: 'SELECT c.id, c.entity FROM c WHERE c.dealer_id = @dealer',
          parameters: { '@dealer': dealerId },
          within: [dealerId],
          limit: 500,
        });
        if (found.length === 0) return;
        const results = await documents.write(
          found.map(({ id, entity }) => ({ kind: 'delete', key: [dealerId, String(entity), String(id)] })),
        );
        if (results.some(({ kind }) => kind === 'busy')) {
          throw new AdpError('NETWORK_ERROR', 'Cosmos DB is busy; ask again and the purge goes on.');
        }
      }
    },
  };
}

function toWrite(dealerId: string, entity: EntityName, write: RecordWrite): DocumentWrite {
  if (write.kind === 'touch')
    return { kind: 'patch', key: [dealerId, entity, write.id], set: write.set, etag: write.etag };
  const { record, etag } = write;
  const document = record.deleted_at === null ? record : { ...record, ttl: tombstoneSeconds };
  const key = [dealerId, entity, record.id] as const;
  return etag === undefined ? { kind: 'create', key, document } : { kind: 'replace', key, document, etag };
}

function toHeld(document: Record<string, unknown>): HeldRecord {
  return {
    version: String(document.version),
    content_hash: typeof document.content_hash === 'string' ? document.content_hash : null,
    source_id: typeof document.source_id === 'string' ? document.source_id : null,
    run_id: String(document.run_id),
    first_run_id: String(document.first_run_id),
    etag: String(document._etag),
  };
}

function toFingerprint({ id, content_hash, source_id, version }: Record<string, unknown>): Fingerprint {
  return {
    id: String(id),
    contentHash: String(content_hash),
    sourceId: typeof source_id === 'string' ? source_id : null,
    captured: parseVersion(String(version)).captured,
  };
}

/** The document as the contract shows it: without what Cosmos adds. It is ours: only the writer puts documents there. */
function toRecord(document: Record<string, unknown>): RecordDocument {
  const { ttl, _rid, _self, _etag, _ts, _attachments, ...record } = document;
  return record as unknown as RecordDocument;
}

/**
 * Said in the query as well as by the partition key: the gateway routes a prefix of a hierarchical key by the WHERE
 * clause, and a dealer's data must not hang on how it reads a header.
 */
const ofEntity = 'c.dealer_id = @dealer AND c.entity = @entity';

function scope(dealerId: string, entity: EntityName): Record<string, string> {
  return { '@dealer': dealerId, '@entity': entity };
}

function listQuery(dealerId: string, entity: EntityName, { where, updatedSince, includeDeleted }: RecordFilter) {
  const conditions = [ofEntity];
  const parameters = scope(dealerId, entity);
  for (const [field, value] of Object.entries(where)) {
    const name = `@w${conditions.length}`;
    conditions.push(`c.data[${JSON.stringify(field)}] = ${name}`);
    parameters[name] = value;
  }
  if (updatedSince !== undefined) {
    conditions.push('c.ingested_at >= @since');
    parameters['@since'] = updatedSince;
  }
  if (!includeDeleted) conditions.push('IS_NULL(c.deleted_at)');
  const text = `SELECT * FROM c WHERE ${conditions.join(' AND ')}`;
  return { text, parameters };
}

function decodeContinuation(text: string): string {
  return Buffer.from(text, 'base64url').toString();
}
