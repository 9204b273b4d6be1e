import { randomBytes } from 'node:crypto';
import type { Clock } from '../../shared/clock.ts';
import { deletedItem, newestItem, secretBundle, secretItem } from './bundle.ts';
import type { Answer, Call } from './http.ts';
import { badParameter, notFound, Refusal, unsupported } from './refusal.ts';
import { readFields, readValue } from './secretFields.ts';
import type { SecretTable, SecretVersion } from './secretTable.ts';

/** Azure's own: so many a page unless asked for fewer. */
const largestPage = 25;

/**
 * The secrets of a vault, by the rules of
 * https://learn.microsoft.com/rest/api/keyvault/secrets/operation-groups (7.5, 7.6).
 */
export class Vault {
  readonly #table: SecretTable;
  readonly #clock: Clock;

  constructor(table: SecretTable, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
  }

  /** @throws Refusal */
  answer(call: Call): Answer {
    if (!call.query.get('api-version')) throw badParameter('The query parameter api-version is missing.');
    const [collection, name, detail, ...more] = call.path;
    if (name !== undefined && !/^[0-9a-zA-Z-]{1,127}$/.test(name)) {
      throw badParameter(`The request URI contains an invalid name: ${name}`);
    }
    if (more.length === 0 && collection === 'secrets') return this.#secrets(call, name, detail);
    if (more.length === 0 && collection === 'deletedsecrets') return this.#deletedSecrets(call, name, detail);
    throw unsupported(`${call.method} /${call.path.join('/')}`);
  }

  #secrets(call: Call, name: string | undefined, detail: string | undefined): Answer {
    const { method, origin } = call;
    if (name === undefined && method === 'GET') {
      return page(call, (skip, limit) =>
        this.#table.newest('live', skip, limit).map((secret) => newestItem(origin, secret)),
      );
    }
    if (name === undefined) throw unsupported(`${method} /secrets`);
    if (method === 'PUT' && detail === undefined) return this.#set(call, name);
    if (method === 'GET' && detail === 'versions') {
      this.#live(name);
      return page(call, (skip, limit) =>
        this.#table.versions(name, skip, limit).map((secret) => secretItem(origin, secret)),
      );
    }
    if (method === 'GET') return this.#read(call, name, detail);
    if (method === 'PATCH') return this.#change(call, name, detail);
    if (method === 'DELETE' && detail === undefined) return this.#delete(call, name);
    throw unsupported(`${method} of a secret`);
  }

  #set({ origin, body }: Call, name: string): Answer {
    if (typeof this.#table.state(name) === 'number') {
      const why = `Secret ${name} is currently in a deleted but recoverable state, and its name cannot be reused.`;
      throw new Refusal(409, 'Conflict', why, 'ObjectIsDeletedButRecoverable');
    }
    const { contentType, tags = {}, attributes } = readFields(body);
    const now = this.#seconds();
    const secret: SecretVersion = {
      name: this.#table.find(name)?.name ?? name,
      version: randomBytes(16).toString('hex'),
      value: readValue(body),
      contentType,
      tags,
      attributes: { enabled: true, notBefore: undefined, expires: undefined, ...attributes },
      created: now,
      updated: now,
    };
    this.#table.add(secret);
    return { status: 200, body: secretBundle(origin, secret) };
  }

  #read({ origin }: Call, name: string, version: string | undefined): Answer {
    const secret = this.#live(name, version);
    if (!secret.attributes.enabled) {
      throw new Refusal(403, 'Forbidden', 'Operation get is not allowed on a disabled secret.', 'SecretDisabled');
    }
    return { status: 200, body: secretBundle(origin, secret) };
  }

  #change({ origin, body }: Call, name: string, version: string | undefined): Answer {
    const before = this.#live(name, version);
    const { contentType = before.contentType, tags = before.tags, attributes } = readFields(body);
    const after = {
      ...before,
      contentType,
      tags,
      attributes: { ...before.attributes, ...attributes },
      updated: this.#seconds(),
    };
    this.#table.update(after);
    return { status: 200, body: secretItem(origin, after) };
  }

  #delete({ origin }: Call, name: string): Answer {
    const secret = this.#live(name);
    const now = this.#seconds();
    this.#table.setDeleted(name, now);
    return { status: 200, body: deletedItem(origin, secret, now) };
  }

  #deletedSecrets(call: Call, name: string | undefined, detail: string | undefined): Answer {
    const { method, origin } = call;
    if (name === undefined && method === 'GET') {
      return page(call, (skip, limit) =>
        this.#table
          .newest('deleted', skip, limit)
          .map((secret) => deletedItem(origin, secret, this.#deletedAt(secret.name))),
      );
    }
    if (name === undefined) throw unsupported(`${method} /deletedsecrets`);
    const deletedAt = this.#deletedAt(name);
    const secret = this.#table.find(name);
    if (secret === undefined) throw notFound(name);
    if (method === 'GET' && detail === undefined) {
      return { status: 200, body: deletedItem(origin, secret, deletedAt) };
    }
    if (method === 'POST' && detail === 'recover') {
      this.#table.setDeleted(name, null);
      return { status: 200, body: secretItem(origin, secret) };
    }
    if (method === 'DELETE' && detail === undefined) {
      this.#table.purge(name);
      return { status: 204 };
    }
    throw unsupported(`${method} of a deleted secret`);
  }

  #live(name: string, version?: string): SecretVersion {
    const secret = this.#table.state(name) === 'live' ? this.#table.find(name, version) : undefined;
    if (secret === undefined) throw notFound(version === undefined ? name : `${name}/${version}`);
    return secret;
  }

  #deletedAt(name: string): number {
    const state = this.#table.state(name);
    if (typeof state !== 'number') throw notFound(name);
    return state;
  }

  #seconds(): number {
    return Math.floor(this.#clock() / 1000);
  }
}

/** @param read rows from a place on, at most so many */
function page({ query, origin, path }: Call, read: (skip: number, limit: number) => object[]): Answer {
  const skip = countOf(query, '$skiptoken', 0);
  const limit = countOf(query, 'maxresults', largestPage);
  if (limit < 1 || limit > largestPage) throw badParameter(`maxresults must be from 1 to ${largestPage}.`);
  const found = read(skip, limit + 1);
  const next = new URLSearchParams(query);
  next.set('$skiptoken', String(skip + limit));
  const nextLink = found.length > limit ? `${origin}/${path.join('/')}?${next}` : null;
  return { status: 200, body: { value: found.slice(0, limit), nextLink } };
}

function countOf(query: URLSearchParams, name: string, fallback: number): number {
  const text = query.get(name);
  if (text === null) return fallback;
  if (!/^\d{1,9}$/.test(text)) throw badParameter(`${name} must be a whole number.`);
  return Number(text);
}
