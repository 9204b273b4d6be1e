import { randomUUID } from 'node:crypto';
import { readCharge, writeCharge } from './charges.ts';
import type { Container } from './containers.ts';
import type { Database } from './database.ts';
import type { Definition } from './definition.ts';
import { readTtl } from './definition.ts';
import type { Stored } from './documentTable.ts';
import { DocumentTable } from './documentTable.ts';
import type { Json, JsonObject } from './json.ts';
import { isObject, parseJson } from './json.ts';
import type { PartitionKey } from './partitionKeys.ts';
import { keyOfDocument, sameKey } from './partitionKeys.ts';
import { applyPatch } from './patch.ts';
import { matchesCondition } from './query/condition.ts';
import { Refusal } from './refusal.ts';

/** https://learn.microsoft.com/azure/cosmos-db/concepts-limits#per-item-limits */
const maximumBytes = 2 * 1024 * 1024;
const maximumIdBytes = 1023;

export interface Operation {
  readonly type: 'Create' | 'Read' | 'Upsert' | 'Replace' | 'Delete' | 'Patch';
  /** Of an existing document; of Create and Upsert it is in the body. */
  readonly id: string | undefined;
  /** As the client gave it: needed but where the body tells. */
  readonly key: PartitionKey | undefined;
  readonly body: Json | undefined;
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

export interface Done {
  readonly status: number;
  readonly charge: number;
  readonly etag?: string;
  /** The document as JSON text. */
  readonly body?: string;
}

/** The documents of one container. What writes must run inside a transaction; checks come before the first write. */
export class Documents {
  readonly #table: DocumentTable;
  readonly #definition: Definition;
  readonly #now: () => number;

  /** @param now milliseconds since 1970 */
  constructor(database: Database, container: Container, now: () => number) {
    this.#table = new DocumentTable(database, container);
    this.#definition = container.definition;
    this.#now = now;
  }

  /** Does one operation. Throws a Refusal with the status that Azure would answer. */
  perform(operation: Operation): Done {
    if (operation.type !== 'Read' && operation.ifNoneMatch !== undefined) {
      throw new Refusal(400, 'If-None-Match applies to reads only; use Create to insert what is not there.');
    }
    switch (operation.type) {
      case 'Read':
        return this.#read(operation);
      case 'Create':
        return this.#create(operation);
      case 'Upsert':
        return this.#upsert(operation);
      case 'Replace':
        return this.#replace(operation);
      case 'Delete':
        return this.#delete(operation);
      case 'Patch':
        return this.#patch(operation);
    }
  }

  #read({ id, key, ifNoneMatch }: Operation): Done {
    const stored = this.#existing(this.#fullKey(key), id);
    if (ifNoneMatch !== undefined && ifNoneMatch === stored.etag) {
      return { status: 304, charge: 1, etag: stored.etag };
    }
    const body = this.#table.body(stored.row);
    return { status: 200, charge: readCharge(body.length), etag: stored.etag, body };
  }

  #create({ key, body }: Operation): Done {
    const document = this.#document(body);
    const documentKey = this.#keyOf(document, key);
    const old = this.#find(documentKey, document.id);
    if (old !== undefined && !old.expired) throw new Refusal(409, `A document '${document.id}' already exists.`);
    return this.#write(201, documentKey, document, old);
  }

  #upsert({ key, body, ifMatch }: Operation): Done {
    const document = this.#document(body);
    const documentKey = this.#keyOf(document, key);
    const old = this.#find(documentKey, document.id);
    // As in Azure, If-Match guards what exists: an upsert of a new document ignores it.
    if (old === undefined || old.expired) return this.#write(201, documentKey, document, old);
    guard(old, ifMatch);
    return this.#write(200, documentKey, document, old);
  }

  #replace({ id, key, body, ifMatch }: Operation): Done {
    const document = this.#document(body);
    if (id !== document.id) throw new Refusal(400, `The document's id '${document.id}' is not '${id}'.`);
    const documentKey = this.#keyOf(document, key);
    const old = this.#existing(documentKey, id);
    guard(old, ifMatch);
    return this.#write(200, documentKey, document, old);
  }

  #delete({ id, key, ifMatch }: Operation): Done {
    const old = this.#existing(this.#fullKey(key), id);
    guard(old, ifMatch);
    this.#table.delete(old.row);
    return { status: 204, charge: writeCharge(1024) };
  }

  #patch({ id, key, body, ifMatch }: Operation): Done {
    const documentKey = this.#fullKey(key);
    const old = this.#existing(documentKey, id);
    guard(old, ifMatch);
    const document = parseJson(this.#table.body(old.row));
    if (!isObject(document)) throw new Error(`Row ${old.row} holds no object.`);
    const operations = isObject(body) ? body.operations : body;
    const condition = isObject(body) ? body.condition : undefined;
    if (condition !== undefined && !matchesCondition(document, condition)) throw preconditionFailed();
    const fixed = ['/id', ...this.#definition.keyPaths.map((path) => `/${path.join('/')}`)];
    const patched = applyPatch(document, operations, fixed);
    return this.#write(200, documentKey, this.#document(patched), old);
  }

  #write(status: number, key: PartitionKey, document: JsonObject & { id: string }, old: Stored | undefined): Done {
    const row = old?.row ?? this.#table.newRow();
    const seconds = Math.floor(this.#now() / 1000);
    const etag = `"${randomUUID()}"`;
    const { _rid, _self, _etag, _attachments, _ts, ...own } = document;
    const rid = this.#table.rid(row);
    const body = JSON.stringify({
      ...own,
      _rid: rid,
      _self: '',
      _etag: etag,
      _attachments: 'attachments/',
      _ts: seconds,
    });
    const bytes = Buffer.byteLength(body);
    if (bytes > maximumBytes) throw new Refusal(413, `The document has ${bytes} bytes; the limit is ${maximumBytes}.`);
    const version = { etag, expiresAt: this.#expiry(document, seconds), body };
    if (old === undefined) this.#table.insert(row, key, document.id, version);
    else this.#table.update(row, version);
    return { status, charge: writeCharge(bytes), etag, body };
  }

  /** https://learn.microsoft.com/azure/cosmos-db/nosql/time-to-live */
  #expiry(document: JsonObject, seconds: number): number | null {
    const { defaultTtl } = this.#definition;
    const own = readTtl(document.ttl, 'ttl');
    if (defaultTtl === undefined) return null;
    const ttl = own ?? defaultTtl;
    return ttl === -1 ? null : seconds + ttl;
  }

  #find(key: PartitionKey, id: string): Stored | undefined {
    return this.#table.find(key, id, this.#now());
  }

  #existing(key: PartitionKey, id: string | undefined): Stored {
    const stored = id === undefined ? undefined : this.#find(key, id);
    if (stored === undefined || stored.expired) throw new Refusal(404, `No document '${id}'.`);
    return stored;
  }

  #document(body: Json | undefined): JsonObject & { id: string } {
    if (!isObject(body)) throw new Refusal(400, 'A document must be a JSON object.');
    const { id } = body;
    if (typeof id !== 'string' || id === '' || /[/\\?#]/.test(id) || Buffer.byteLength(id) > maximumIdBytes) {
      throw new Refusal(400, `'id' must be text of 1 to ${maximumIdBytes} bytes without / \\ ? #.`);
    }
    return { ...body, id };
  }

  #keyOf(document: JsonObject, given: PartitionKey | undefined): PartitionKey {
    const key = keyOfDocument(document, this.#definition.keyPaths);
    if (given !== undefined && !sameKey(given, key)) {
      const message = "The partition key of the document doesn't match the one that was given.";
      throw new Refusal(400, message, { substatus: 1001 });
    }
    return key;
  }

  #fullKey(given: PartitionKey | undefined): PartitionKey {
    const levels = this.#definition.keyPaths.length;
    if (given === undefined || given.length !== levels) {
      throw new Refusal(400, `The partition key needs ${levels} values.`, { substatus: 1001 });
    }
    return given;
  }
}

function guard(stored: Stored, ifMatch: string | undefined): void {
  if (ifMatch !== undefined && ifMatch !== '*' && ifMatch !== stored.etag) throw preconditionFailed();
}

function preconditionFailed(): Refusal {
  return new Refusal(412, 'One of the specified pre-conditions is not met.');
}
