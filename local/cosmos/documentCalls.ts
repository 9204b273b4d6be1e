import type { Results } from './bulk.ts';
import { BatchFailed, performEach, performTogether, readOperations } from './bulk.ts';
import type { Commits } from './commits.ts';
import type { Container, Containers } from './containers.ts';
import type { Database } from './database.ts';
import type { Done, Operation } from './documents.ts';
import { Documents } from './documents.ts';
import type { Faults } from './faults.ts';
import type { Answer, Call } from './http.ts';
import { bodyOf, says } from './http.ts';
import type { Json } from './json.ts';
import { isObject } from './json.ts';
import type { PartitionKey } from './partitionKeys.ts';
import { keyOfText } from './partitionKeys.ts';
import { bindQuery } from './query/binding.ts';
import { parseQuery } from './query/parser.ts';
import { queryPlan } from './query/plan.ts';
import { runQuery } from './query/run.ts';
import { Refusal, unsupported } from './refusal.ts';

const defaultPageSize = 100;
const maximumPageSize = 1000;

const byMethod: Record<string, Operation['type'] | undefined> = {
  GET: 'Read',
  PUT: 'Replace',
  DELETE: 'Delete',
  PATCH: 'Patch',
};

/** Requests on documents: `dbs/{database}/colls/{container}/docs[/{id}]`. */
export class DocumentCalls {
  readonly #database: Database;
  readonly #containers: Containers;
  readonly #commits: Commits;
  readonly #faults: Faults;
  readonly #now: () => number;
  /** By table, whose name is never used again. */
  readonly #documents = new Map<string, Documents>();

  constructor(parts: {
    database: Database;
    containers: Containers;
    commits: Commits;
    faults: Faults;
    now: () => number;
  }) {
    this.#database = parts.database;
    this.#containers = parts.containers;
    this.#commits = parts.commits;
    this.#faults = parts.faults;
    this.#now = parts.now;
  }

  /** One document. */
  async one(call: Call, database: string, container: string, id: string): Promise<Answer> {
    const type = byMethod[call.method];
    if (type === undefined) throw new Refusal(405, `${call.method} of a document is not possible.`);
    const body = type === 'Replace' || type === 'Patch' ? bodyOf(call) : undefined;
    const operation = { type, id, body, ...conditionsOf(call) };
    return answerOf(await this.#perform(database, container, operation));
  }

  /** The feed: a new document, an upsert, a batch, a query or its plan. */
  async feed(call: Call, database: string, container: string): Promise<Answer> {
    if (call.method !== 'POST') throw unsupported(`${call.method} of the documents feed (use a query)`);
    if (says(call, 'x-ms-cosmos-is-query-plan-request')) return this.#plan(call);
    if (says(call, 'x-ms-cosmos-is-batch-request')) return this.#batch(call, database, container);
    if (says(call, 'x-ms-documentdb-isquery')) return this.#query(call, database, container);
    const type = says(call, 'x-ms-documentdb-is-upsert') ? 'Upsert' : 'Create';
    const operation: Operation = { type, id: undefined, body: bodyOf(call), ...conditionsOf(call) };
    return answerOf(await this.#perform(database, container, operation));
  }

  #perform(database: string, container: string, operation: Operation): Promise<Done> {
    const work = () => this.#documentsOf(this.#containers.find(database, container)).perform(operation);
    return this.#faults.around(async () => (operation.type === 'Read' ? work() : this.#commits.submit(work)));
  }

  async #batch(call: Call, database: string, container: string): Promise<Answer> {
    const operations = readOperations(bodyOf(call), keyOf(call));
    const atomic = says(call, 'x-ms-cosmos-batch-atomic');
    if (!atomic && !says(call, 'x-ms-cosmos-batch-continue-on-error')) throw unsupported('bulk that stops at an error');
    const withBodies = call.headers.prefer !== 'return=minimal';
    const work = () => {
      const documents = this.#documentsOf(this.#containers.find(database, container));
      if (atomic) return performTogether(operations, (operation) => documents.perform(operation), withBodies);
      const perform = (operation: Operation) => {
        const fault = this.#faults.forOperation();
        if (fault !== undefined) throw fault;
        return documents.perform(operation);
      };
      return performEach(operations, perform, withBodies);
    };
    const { results, charge, allDone } = await this.#faults.around(() => this.#commits.submit(work).catch(undone));
    return {
      status: allDone ? 200 : 207,
      headers: { 'x-ms-request-charge': charge.toFixed(2) },
      body: `[${results.join(',')}]`,
    };
  }

  #query(call: Call, database: string, container: string): Promise<Answer> {
    return this.#faults.around(async () => {
      const found = this.#containers.find(database, container);
      const { query, parameters } = readQuery(call);
      const page = runQuery(this.#database, found, {
        query: bindQuery(parseQuery(query), parameters),
        scope: keyOf(call) ?? [],
        pageSize: pageSizeOf(call),
        continuation: call.headers['x-ms-continuation'],
        now: this.#now(),
      });
      return {
        status: 200,
        headers: {
          'x-ms-request-charge': page.charge.toFixed(2),
          'x-ms-item-count': String(page.items.length),
          ...(page.continuation === undefined ? {} : { 'x-ms-continuation': page.continuation }),
        },
        body: `{"_rid":"${found.rid}","Documents":[${page.items.join(',')}],"_count":${page.items.length}}`,
      };
    });
  }

  #plan(call: Call): Answer {
    parseQuery(readQuery(call).query);
    return queryPlan();
  }

  #documentsOf(container: Container): Documents {
    const known = this.#documents.get(container.table);
    if (known !== undefined) return known;
    const documents = new Documents(this.#database, container, this.#now);
    this.#documents.set(container.table, documents);
    return documents;
  }
}

function undone(error: unknown): Results {
  if (error instanceof BatchFailed) return error.results;
  throw error;
}

function readQuery(call: Call): { query: string; parameters: Json | undefined } {
  const body = bodyOf(call);
  if (!isObject(body) || typeof body.query !== 'string') throw new Refusal(400, 'A query needs the text of a query.');
  return { query: body.query, parameters: body.parameters };
}

function pageSizeOf(call: Call): number {
  const text = call.headers['x-ms-max-item-count'];
  const size = Number(text ?? defaultPageSize);
  if (size === -1) return maximumPageSize;
  if (!Number.isInteger(size) || size < 1) throw new Refusal(400, `A page can't have ${text} items.`);
  return size;
}

function conditionsOf(call: Call): Pick<Operation, 'key' | 'ifMatch' | 'ifNoneMatch'> {
  return { key: keyOf(call), ifMatch: call.headers['if-match'], ifNoneMatch: call.headers['if-none-match'] };
}

function keyOf(call: Call): PartitionKey | undefined {
  const text = call.headers['x-ms-documentdb-partitionkey'];
  return text === undefined ? undefined : keyOfText(text);
}

function answerOf({ status, charge, etag, body }: Done): Answer {
  return {
    status,
    headers: { 'x-ms-request-charge': charge.toFixed(2), ...(etag === undefined ? {} : { etag }) },
    ...(body === undefined ? {} : { body }),
  };
}
