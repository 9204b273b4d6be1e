import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Http, HttpAnswer, HttpOptions, HttpRequest } from '../../shared/connectors/connector.ts';
import type { Secret, Secrets } from '../../shared/credentials/keyVault.ts';
import { AdpError } from '../../shared/errors.ts';
import { type CreateHttpDeps, createHttp } from '../../shared/http/createHttp.ts';
import type { JsonObject } from '../../shared/model/json.ts';
import { leasesIn } from '../../shared/store/leases.ts';
import { describeError } from '../../shared/telemetry/log.ts';
import { type MemoryTables, memoryTables } from './memoryTable.ts';

/** Key Vault in memory. Each `set` is another version. */
export interface MemorySecrets extends Secrets {
  /** As it is now, without a read that counts. */
  now(name: string): Secret;
  /** The next so many calls of that kind fail; `after`: the value is written, and its answer is lost. */
  fail(call: 'get' | 'set', times: number, error?: AdpError, after?: boolean): void;
  readonly sets: number;
}

export function memorySecrets(initial: Readonly<Record<string, object | string>>): MemorySecrets {
  const versions = new Map<string, Secret[]>();
  const failures = { get: { times: 0 }, set: { times: 0 } } as Record<
    'get' | 'set',
    { times: number; error?: AdpError | undefined; after?: boolean | undefined }
  >;
  let sets = 0;
  const write = (name: string, value: string): Secret => {
    const known = versions.get(name) ?? [];
    const secret = { value, version: `v${known.length + 1}` };
    versions.set(name, [...known, secret]);
    return secret;
  };
  for (const [name, value] of Object.entries(initial)) {
    write(name, typeof value === 'string' ? value : JSON.stringify(value));
  }
  const now = (name: string): Secret => {
    const secret = versions.get(name)?.at(-1);
    if (secret === undefined) throw new AdpError('CONFIG_ERROR', `Key Vault has no secret "${name}".`);
    return secret;
  };
  const turn = async (call: 'get' | 'set', work: () => Secret): Promise<Secret> => {
    await new Promise((resolve) => setImmediate(resolve));
    const failure = failures[call];
    const fails = failure.times > 0;
    if (fails) failure.times--;
    if (fails && failure.after !== true) throw failure.error ?? notThere();
    const secret = work();
    if (fails) throw failure.error ?? notThere();
    return secret;
  };
  return {
    // As Key Vault does: names in any case.
    get: (name) => turn('get', () => now(name.toLowerCase())),
    set: (name, value) => {
      sets++;
      return turn('set', () => write(name.toLowerCase(), value));
    },
    now,
    fail(call, times, error, after) {
      failures[call] = { times, error, after };
    },
    get sets() {
      return sets;
    },
  };
}

function notThere(): AdpError {
  return new AdpError('NETWORK_ERROR', 'Key Vault does not answer.');
}

/** What one instance of the hub asks with. Instances of the same tables and secrets are several of the same hub. */
export interface TestHub {
  open(options: {
    readonly baseUrl: string;
    readonly credential?: string;
    readonly secret?: object | string;
    readonly settings?: JsonObject;
    /** Default: 8. */
    readonly concurrency?: number;
  }): Http;
  closeAll(): Promise<void>;
}

/** Servers of tests are on this machine. */
export const onThisMachine: JsonObject = { allow_http: true, networks: ['127.0.0.0/8', '::1/128'] };

export function testHub(
  deps: Partial<CreateHttpDeps> & { readonly tables?: MemoryTables; readonly owner?: string } = {},
): TestHub {
  const { tables = memoryTables(), owner = 'one', clock = Date.now, secrets = memorySecrets({}) } = deps;
  const opened: Http[] = [];
  const http = createHttp({
    clock,
    random: randomBytes,
    secrets,
    leases: leasesIn(tables.open, clock, owner),
    wait: (ms) => sleep(ms),
    ...deps,
  });
  return {
    open({ baseUrl, credential, secret, settings = onThisMachine, concurrency = 8 }) {
      const source: HttpOptions['source'] = {
        dealerId: 'acme',
        sourceId: 'dms',
        settings,
        concurrency,
        secret: secret === undefined || typeof secret === 'string' ? secret : JSON.stringify(secret),
        ...(credential !== undefined && { credential }),
      };
      const made = http({ source, baseUrl: new URL(baseUrl) });
      opened.push(made);
      return made;
    },
    async closeAll() {
      for (const one of opened.splice(0)) await one.close();
    },
  };
}

export interface Got {
  readonly status: number;
  readonly text: string;
  readonly url: string;
  readonly headers: Headers;
}

/** Sends and reads to the end. */
export async function get(
  http: Http,
  url: string,
  request: Partial<HttpRequest> = {},
  signal = new AbortController().signal,
): Promise<Got> {
  const answer = await http.send({ method: 'GET', url: new URL(url), ...request }, signal);
  return { status: answer.status, text: await textOf(answer), url: answer.url.href, headers: answer.headers };
}

async function textOf({ body }: HttpAnswer): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** What went wrong, as it is stored and logged: for assertions on codes, and on what must not be in it. */
export interface Failure {
  readonly code: string;
  readonly disposition: string;
  readonly message: string;
  readonly retryAfterMs: number | undefined;
  /** All that a log would hold. */
  readonly logged: string;
}

export async function failureOf(work: Promise<unknown>): Promise<Failure> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof AdpError)) throw error;
    const { code, disposition, message, retryAfterMs } = error;
    return { code, disposition, message, retryAfterMs, logged: describeError(error) };
  }
  throw new Error('It went well.');
}
