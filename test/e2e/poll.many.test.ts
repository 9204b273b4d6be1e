// Many sources are due at once, and some of them are dead: with SOAK=1 five hundred, started by the timer.

import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type ClosedPort, closedPort } from '../helpers/closedPort.ts';
import { type Hub, type Reply, startHub } from '../helpers/hub.ts';
import { until } from '../helpers/poll.ts';
import { addPolled, putSource, runsOf, statusOf, trigger } from '../helpers/pollHub.ts';
import { spread } from '../helpers/stockRows.ts';

const soak = process.env.SOAK === '1';
const liveCount = soak ? 480 : 72;
const deadCount = soak ? 20 : 8;
/** Of these, each brings several entities, two at a time. */
const broadEvery = 10;
const concurrency = 2;
const answerMs = 30;
/** A dead one that takes a request and says nothing is waited for until long after the test: nobody gets over it by waiting. */
const timeoutSeconds = 600;
const minuteMs = 60_000;
/** Requests of a poll of one entity, the last of which finds nothing. */
const pages = 3;

/** The sources of all, at one place: `/{dealer}/{entity}?page=N`. */
interface Upstream {
  readonly url: string;
  /** Of each dealer, when its last page was handed out last. */
  readonly doneAt: Map<string, number>;
  /** Of each dealer, requests so far. */
  readonly requests: Map<string, number>;
  /** Of each dealer, the most at a time. */
  readonly busiest: Map<string, { requests: number; connections: number }>;
  close(): Promise<void>;
}

/** Takes connections and the requests on them, and never says a word. */
interface Blackhole {
  readonly url: string;
  readonly busiest: Upstream['busiest'];
  /** Requests that the other side has given up. */
  readonly givenUp: number;
  close(): Promise<void>;
}

let hub: Hub;
let upstream: Upstream;
let blackhole: Blackhole;
/** Where nobody listens. */
let refusing: ClosedPort;
const live = Array.from({ length: liveCount }, (_, n) => `live-${n}`);
const dead = Array.from({ length: deadCount }, (_, n) => `dead-${n}`);
const isBroad = (dealer: string) => dealer.startsWith('live') && Number(dealer.split('-')[1]) % broadEvery === 0;
const entitiesOf = (dealer: string) => (isBroad(dealer) ? ['part', 'supplier', 'customer'] : ['part']);
/** Every other dead one takes requests; the others refuse connections. */
const isSilent = (n: number) => n % 2 === 0;
const silentCount = Math.ceil(deadCount / 2);
const keys: Readonly<Record<string, string>> = {
  part: 'part_number',
  supplier: 'supplier_id',
  customer: 'customer_id',
};

beforeAll(async () => {
  [hub, upstream, blackhole, refusing] = await Promise.all([
    startHub(),
    startUpstream(),
    startBlackhole(),
    closedPort(),
  ]);
  await spread(live, 8, (dealer) => addPolled(hub, dealer, source(dealer, upstream.url)));
  // Of the dead only the dealers, so far.
  await spread(dead, 8, (dealer) => hub.dealer(dealer).then(() => undefined));
});
afterAll(async () => {
  await hub?.end();
  await Promise.all([upstream?.close(), blackhole?.close(), refusing?.release()]);
});

function source(dealer: string, base_url: string): object {
  const entity = (name: string) => ({
    mapping: { [keys[name] ?? '']: 'id' },
    cursor: { kind: 'timestamp', overlap_seconds: 0 },
    modified: 'changed',
    settings: {
      path: `/${dealer}/${name}`,
      records: 'rows',
      pagination: { kind: 'page', param: 'page', size: 2 },
      incremental: { param: 'since' },
    },
  });
  return {
    connector: 'rest',
    ...(soak ? { schedule: { cron: '* * * * *' } } : {}),
    // Where there is a rate, however generous, no page is read before its turn, perhaps for nothing: requests can be counted.
    limits: { concurrency, requests_per_minute: 100_000 },
    settings: { base_url, allow_http: true, networks: ['127.0.0.0/8'], timeout_seconds: timeoutSeconds },
    entities: Object.fromEntries(entitiesOf(dealer).map((name) => [name, entity(name)])),
  };
}

/** The live ones at once; resolves with how long it took until each was read to its end, in milliseconds. */
async function round(): Promise<number> {
  const begun = soak ? await nextMinute() : Date.now();
  if (!soak) await start(live);
  const isDone = (dealer: string) => (upstream.doneAt.get(dealer) ?? 0) >= begun;
  await until(`all are read of ${live.length}`, () => live.every(isDone), 170_000);
  return Math.max(...live.map((dealer) => upstream.doneAt.get(dealer) ?? 0)) - begun;
}

/** A new poll of each: the one before may still be about to end, and then a trigger answers its runs. */
async function start(dealers: readonly string[]): Promise<void> {
  await spread(dealers, 16, async (dealer) => {
    const known = new Set((await runsOf(hub, dealer)).map(({ run_id }) => run_id));
    await until(`a poll of ${dealer}`, async () => (await trigger(hub, dealer))?.some((id) => !known.has(id)));
  });
}

async function nextMinute(): Promise<number> {
  const next = Math.ceil(Date.now() / minuteMs) * minuteMs;
  await sleep(next - Date.now());
  return next;
}

test(`${liveCount} sources that are due at once do not wait for ${deadCount} dead ones that are due with them`, async () => {
  await round();
  await ended();
  const alone = await round();
  await ended();
  const urlOf = (n: number) => (isSilent(n) ? blackhole.url : `http://127.0.0.1:${refusing.port}`);
  await spread(dead, 8, (dealer, n) => putSource(hub, dealer, source(dealer, urlOf(n))));
  if (!soak) await start(dead);
  const areAsked = () => blackhole.busiest.size === silentCount;
  if (!soak) await until('the dead are asked', areAsked);
  const withDead = await round();
  await until('the dead are asked', areAsked);
  expect(blackhole.givenUp).toBe(0);
  console.log(`${liveCount} sources: ${alone} ms alone, ${withDead} ms with ${deadCount} dead ones`);
  // Of so many the times can be compared; of a few they are a matter of chance.
  if (soak) expect(withDead).toBeLessThan(alone * 1.5 + 2_000);
}, 900_000);

test('a source gets no more connections than it may be asked on', () => {
  const broad = live.filter((dealer) => entitiesOf(dealer).length > 1);
  const busiest = [...upstream.busiest.entries(), ...blackhole.busiest.entries()];
  expect(busiest.length).toBe(liveCount + silentCount);
  for (const [dealer, { requests, connections }] of busiest) {
    expect([dealer, requests <= concurrency, connections <= concurrency]).toEqual([dealer, true, true]);
  }
  // They are used: the count above sees more than one at a time where there is.
  expect(Math.max(...broad.map((dealer) => upstream.busiest.get(dealer)?.requests ?? 0))).toBe(concurrency);
});

test('what is dead has one run at a time, and is not started again while it is tried', async () => {
  if (soak) {
    await nextMinute();
    await sleep(15_000);
  } else await spread(dead, 8, async (dealer) => void (await trigger(hub, dealer)));
  for (const [n, dealer] of dead.entries()) {
    const runs: Reply['body'][] = (await runsOf(hub, dealer)).reverse();
    // Who refuses at once is given up after a while: then another run is right.
    if (isSilent(n)) expect([dealer, runs.map(({ status }) => status)]).toEqual([dealer, ['running']]);
    const overlapping = runs.filter(({ started_at }, i) => i > 0 && !(runs[i - 1].finished_at <= started_at));
    expect([dealer, overlapping]).toEqual([dealer, []]);
    expect((await statusOf(hub, dealer)).last_success).toBeNull();
  }
});

test('the live ones have been polled as often as they were due, and no oftener', async () => {
  await ended();
  for (const dealer of live) {
    const runs: Reply['body'][] = await runsOf(hub, dealer);
    const outcomes = runs.map(({ status, receipt }) => [status, receipt.balanced]);
    expect([dealer, outcomes]).toEqual([dealer, outcomes.map(() => ['succeeded', true])]);
    expect([dealer, upstream.requests.get(dealer)]).toEqual([dealer, pages * runs.length]);
    if (!soak) expect([dealer, runs.length]).toEqual([dealer, 3 * entitiesOf(dealer).length]);
  }
});

/** Until no poll of a live one is under way: what is triggered then begins anew. */
async function ended(): Promise<void> {
  await spread(live, 8, async (dealer) => {
    for (const { run_id } of await runsOf(hub, dealer)) await hub.closed(run_id, 120_000);
  });
}

/** The first request of a broad source has no answer before there is a second one beside it: it may be asked two at a time. */
function startPairs(): (dealer: string) => Promise<void> {
  const begun = new Map<string, PromiseWithResolvers<void>>();
  return async (dealer) => {
    const first = begun.get(dealer);
    if (first !== undefined) return first.resolve();
    const pair = Promise.withResolvers<void>();
    begun.set(dealer, pair);
    await pair.promise;
  };
}

async function startUpstream(): Promise<Upstream> {
  const together = startPairs();
  const doneAt = new Map<string, number>();
  const requests = new Map<string, number>();
  const load = createLoad();
  const server = createHttpServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://upstream');
    const [, dealer = '', entity = ''] = pathname.split('/');
    const end = load.begin(dealer, request.socket);
    requests.set(dealer, (requests.get(dealer) ?? 0) + 1);
    if (isBroad(dealer)) await together(dealer);
    await sleep(answerMs);
    const page = Number(searchParams.get('page') ?? '1');
    const rows = [['a', 'b'], ['c']][page - 1] ?? [];
    const changed = '2026-11-01T00:00:00Z';
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ rows: rows.map((row) => ({ id: `${entity}-${row}`, changed })) }));
    if (page === pages) doneAt.set(dealer, Date.now());
    end();
  });
  const url = await listen(server);
  return {
    url,
    doneAt,
    requests,
    busiest: load.busiest,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function startBlackhole(): Promise<Blackhole> {
  const load = createLoad();
  const sockets = new Set<Socket>();
  let givenUp = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', (chunk) => {
      const [, dealer = ''] = /^GET \/([^/]+)/.exec(chunk.toString()) ?? [];
      const end = load.begin(dealer, socket);
      socket.once('close', () => {
        givenUp++;
        end();
      });
    });
  });
  const url = await listen(server);
  return {
    url,
    busiest: load.busiest,
    get givenUp() {
      return givenUp;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Counts, for each dealer, requests and open connections. */
function createLoad() {
  const busiest: Upstream['busiest'] = new Map();
  const now = new Map<string, { requests: number; sockets: Set<Socket> }>();
  return {
    busiest,
    /** @returns what ends the request */
    begin(dealer: string, socket: Socket): () => void {
      const mine = now.get(dealer) ?? { requests: 0, sockets: new Set() };
      now.set(dealer, mine);
      mine.requests++;
      if (!mine.sockets.has(socket)) {
        mine.sockets.add(socket);
        socket.once('close', () => mine.sockets.delete(socket));
      }
      const most = busiest.get(dealer) ?? { requests: 0, connections: 0 };
      busiest.set(dealer, most);
      most.requests = Math.max(most.requests, mine.requests);
      // One that the other side has just closed may still be among them now: what has come of it is heard first.
      setTimeout(() => {
        setImmediate(() => {
          setImmediate(() => {
            most.connections = Math.max(most.connections, mine.sockets.size);
          });
        });
      }, answerMs / 2).unref();
      return () => {
        mine.requests--;
      };
    },
  };
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
