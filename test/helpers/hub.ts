import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Stack, type StackOptions, startStack } from '../../local/stack.ts';

/** An answer of the hub's API, its body parsed where it is JSON. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  // Tests look into documents as they come.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly body: any;
}

export interface Call {
  readonly key?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** What is no text and no bytes is sent as JSON. */
  readonly body?: unknown;
}

/** A fresh hub on free ports, with a data folder of its own. */
export interface Hub extends Stack {
  call(method: string, path: string, call?: Call): Promise<Reply>;
  /** Makes a dealer, and a key that may push for it and read it. */
  dealer(dealerId: string): Promise<string>;
  /** The run once it is closed. */
  closed(runId: string, withinMs?: number): Promise<Reply['body']>;
  /** Everything that is held of an entity, by id. */
  records(dealerId: string, entity: string, query?: string): Promise<Map<string, Reply['body']>>;
  /** Stops it and removes its data. */
  end(): Promise<void>;
}

/** The last warnings and errors of a hub's host: they say what a run's own errors may not. */
async function complaintsIn(dataDir: string): Promise<string> {
  const log = await readFile(join(dataDir, 'logs', 'host.log'), 'utf8');
  const lines = log.split('\n').filter((line) => /^\S+ (warning|error|critical) /.test(line));
  return lines.slice(-20).join('\n');
}

/** @param folder of a hub that was stopped, to go on with; a new one otherwise */
export async function startHub(settings: StackOptions['settings'] = {}, folder?: string): Promise<Hub> {
  const dataDir = folder ?? (await mkdtemp(join(tmpdir(), 'adp-hub-')));
  const stack = await startStack({
    dataDir,
    ports: 'auto',
    settings: { PUSH_REQUESTS_PER_MINUTE: '1000000', PUSH_BURST: '100000', ...settings },
  });
  const call: Hub['call'] = async (method, path, { key = stack.adminKey, headers = {}, body } = {}) => {
    const raw = typeof body === 'string' || body instanceof Uint8Array || body === undefined;
    const response = await fetch(`${stack.baseUrl}/api/v1/${path}`, {
      method,
      headers: {
        ...(key === '' ? {} : { 'x-api-key': key }),
        ...(raw ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: raw ? (body as string) : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return {
      status: response.status,
      headers: response.headers,
      body: isJson && text !== '' ? JSON.parse(text) : text,
    };
  };
  const must = async (method: string, path: string, body?: unknown) => {
    const reply = await call(method, path, { body });
    if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return reply.body;
  };
  return {
    ...stack,
    call,
    async dealer(dealerId) {
      await must('PUT', `admin/dealers/${dealerId}`, { name: dealerId });
      const scopes = [`ingest:${dealerId}`, `read:${dealerId}`];
      return (await must('POST', 'admin/keys', { name: dealerId, scopes })).key;
    },
    async closed(runId, withinMs = 90_000) {
      const deadline = Date.now() + withinMs;
      for (;;) {
        const run = await must('GET', `runs/${runId}`);
        const said = async () => `${JSON.stringify(run)}\nThe host says:\n${await complaintsIn(dataDir)}\n`;
        const isOver = run.status !== 'running';
        if (isOver && run.errors.some(({ code }: { code: string }) => code === 'INTERNAL')) {
          process.stderr.write(await said());
        }
        if (isOver) return run;
        if (Date.now() > deadline) throw new Error(`${runId} is still running: ${await said()}`);
        await sleep(100);
      }
    },
    async records(dealerId, entity, query = '') {
      const found = new Map();
      let continuation = '';
      do {
        const page = await must('GET', `dealers/${dealerId}/${entity}/records?limit=1000${query}${continuation}`);
        for (const item of page.items) found.set(item.id, item);
        continuation = page.continuation === undefined ? '' : `&continuation=${encodeURIComponent(page.continuation)}`;
      } while (continuation !== '');
      return found;
    },
    async end() {
      await stack.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
