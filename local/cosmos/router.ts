import { readAccount } from './account.ts';
import { authenticate } from './auth.ts';
import type { Commits } from './commits.ts';
import type { Containers } from './containers.ts';
import type { DocumentCalls } from './documentCalls.ts';
import type { Faults } from './faults.ts';
import type { Answer, Call } from './http.ts';
import { answer, bodyOf, says } from './http.ts';
import { unsupported } from './refusal.ts';

export interface Parts {
  readonly containers: Containers;
  readonly documents: DocumentCalls;
  readonly commits: Commits;
  readonly faults: Faults;
  /** The account's key, base64. */
  readonly key: string;
}

/** Answers one request. Throws a Refusal for what it can't or won't do. */
export async function route(call: Call, parts: Parts): Promise<Answer> {
  const [root, database, colls, container, leaf, id, ...more] = call.path;
  if (root === '_local' && database === 'faults') return setFaults(call, parts.faults);
  authenticate(call, parts.key);
  if (root === undefined) return readAccount(call);
  const known =
    root === 'dbs' &&
    (colls === undefined || colls === 'colls') &&
    (leaf === undefined || leaf === 'docs' || leaf === 'pkranges') &&
    (id === undefined || leaf === 'docs') &&
    more.length === 0;
  if (!known) throw unsupported(`the resource /${call.path.join('/')}`);
  if (database === undefined) return databases(call, parts);
  if (colls === undefined) return oneDatabase(call, parts, database);
  if (container === undefined) return containersOf(call, parts, database);
  if (leaf === undefined) return oneContainer(call, parts, database, container);
  if (leaf === 'pkranges') return partitionRanges(call, parts, database, container);
  if (id === undefined) return parts.documents.feed(call, database, container);
  return parts.documents.one(call, database, container, id);
}

async function databases(call: Call, { containers, commits }: Parts): Promise<Answer> {
  refuseQuery(call);
  if (call.method === 'POST') {
    const resource = bodyOf(call);
    return answer(201, await commits.submit(() => containers.createDatabase(resource)));
  }
  refuseUnless('GET', call);
  const all = containers.listDatabases();
  return answer(200, { Databases: all, _count: all.length });
}

async function oneDatabase(call: Call, { containers, commits }: Parts, id: string): Promise<Answer> {
  if (call.method === 'DELETE') {
    await commits.submit(() => containers.deleteDatabase(id));
    return { status: 204 };
  }
  refuseUnless('GET', call);
  return answer(200, containers.readDatabase(id));
}

async function containersOf(call: Call, { containers, commits }: Parts, database: string): Promise<Answer> {
  refuseQuery(call);
  if (call.method === 'POST') {
    const resource = bodyOf(call);
    return answer(201, await commits.submit(() => containers.create(database, resource)));
  }
  refuseUnless('GET', call);
  const all = containers.list(database);
  return answer(200, { DocumentCollections: all, _count: all.length });
}

async function oneContainer(call: Call, parts: Parts, database: string, id: string): Promise<Answer> {
  if (call.method === 'DELETE') {
    await parts.commits.submit(() => parts.containers.delete(database, id));
    return { status: 204 };
  }
  refuseUnless('GET', call);
  return answer(200, parts.containers.read(database, id));
}

/** One physical partition holds everything. */
function partitionRanges(call: Call, { containers }: Parts, database: string, container: string): Answer {
  refuseUnless('GET', call);
  const { rid } = containers.find(database, container);
  const range = { id: '0', _rid: rid, minInclusive: '', maxExclusive: 'FF', status: 'online', parents: [] };
  return answer(200, { _rid: rid, PartitionKeyRanges: [range], _count: 1 }, { etag: `"${rid}"` });
}

/** The test hook: unsigned, since only this machine can reach it. */
function setFaults(call: Call, faults: Faults): Answer {
  if (call.method === 'DELETE') faults.clear();
  else {
    refuseUnless('PUT', call);
    faults.set(bodyOf(call));
  }
  return { status: 204 };
}

function refuseQuery(call: Call): void {
  if (says(call, 'x-ms-documentdb-isquery')) throw unsupported('queries of databases and containers');
}

function refuseUnless(method: string, call: Call): void {
  if (call.method !== method) throw unsupported(`${call.method} of /${call.path.join('/')}`);
}
