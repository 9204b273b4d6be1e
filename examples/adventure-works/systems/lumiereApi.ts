import { randomBytes } from 'node:crypto';
import type { DmsApi } from '../../dmsApi/dmsApi.ts';
import { startDmsApi } from '../../dmsApi/dmsApi.ts';
import { recordsOf } from '../book.ts';
import { orders, prices, vendors } from '../dealers/veloLumiere.ts';
import type { PolledSystem, Round } from '../polled.ts';
import type { AdventureWorks, Order } from '../tables.ts';

/** Orders whose time is within it before the latest one are read again: `overlap_seconds`, as it is by default. */
const overlapMs = 300_000;

/**
 * A dealer whose system has a REST API: OAuth with refresh tokens that are good for one use, a limit of requests, and
 * three resources that are read in three ways: orders by their time, suppliers by what changed since a token, the price
 * list as a whole, which says whether it is another than last time.
 *
 * @param port undefined: any that is free
 */
export async function startLumiereApi(tables: AdventureWorks, port?: number): Promise<PolledSystem> {
  const [clientSecret, refreshToken] = [newSecret(), newSecret()];
  const api = await startDmsApi({
    ...(port !== undefined && { port }),
    resources: {
      orders: { key: 'order_no', rows: tables.orders.map(orders.row) },
      prices: { key: 'price_no', rows: tables.prices.map(prices.row) },
      suppliers: { key: 'id', rows: tables.vendors.map(vendors.row) },
    },
    access: { kind: 'oauth2', clientId: 'adp', clientSecret, refreshToken },
    rate: { perMinute: 600, burst: 30 },
  });
  const credential = {
    kind: 'oauth2_refresh_token',
    token_url: `${api.url}/oauth/token`,
    client_id: 'adp',
    client_secret: clientSecret,
    refresh_token: refreshToken,
  };
  return {
    dealer: 'velo-lumiere',
    source: 'atelier',
    title: 'a REST API',
    secret: { name: 'velo-lumiere-atelier', value: JSON.stringify(credential) },
    settings: { base_url: api.url },
    rounds: () => workInTheWorkshop(api, tables),
    [Symbol.asyncDispose]: () => api.close(),
  };
}

async function* workInTheWorkshop(api: DmsApi, tables: AdventureWorks): AsyncGenerator<Round> {
  api.faults.add({ fault: { kind: 'status', status: 503 }, path: '/cursor/orders', after: 1 });
  yield {
    story: 'It is read for the first time: everything; once it answers 503',
    polls: [
      orderPoll(tables.orders.length, tables.orders),
      pricePoll(tables.prices.length, tables),
      supplierPoll(tables.vendors.length, tables.vendors),
    ],
  };

  const after = ordersAfterwards(tables.orders);
  const [leaving, renamed, ...others] = tables.vendors;
  if (leaving === undefined || renamed === undefined) throw new Error('there are no suppliers');
  const moved = { ...renamed, Name: `${renamed.Name} & Fils` };
  for (const order of [...after.slice(1, 1 + approvedOrders), ...after.slice(-newOrders)]) {
    api.resource('orders').put({ ...orders.row(order), updated_at: new Date().toISOString() });
  }
  const [cancelled] = tables.orders;
  if (cancelled === undefined) throw new Error('there are no orders');
  api.resource('orders').put({ ...orders.row(cancelled), state: 'void', updated_at: new Date().toISOString() });
  api.resource('suppliers').remove(leaving.BusinessEntityID);
  api.resource('suppliers').put(vendors.row(moved));
  api.access.expireTokens();
  yield {
    story:
      'A day in the workshop: 4 orders go on, 2 are new, 1 is void; 1 supplier is renamed, 1 gone; its tokens expire',
    polls: [
      {
        ...orderPoll(approvedOrders + newOrders + 1 + seenAgain(tables.orders), after.slice(1)),
        goneRows: 1,
      },
      pricePoll(0, tables),
      { ...supplierPoll(2, [moved, ...others]), goneRows: 1 },
    ],
  };
}

const orderPoll = (rows: number, held: readonly Order[]) =>
  ({ entity: 'purchase_order', what: 'cursor/orders', rows, records: recordsOf(orders, held) }) as const;

const pricePoll = (rows: number, held: AdventureWorks) =>
  ({ entity: 'part_price', what: 'all/prices', rows, records: recordsOf(prices, held.prices) }) as const;

const supplierPoll = (rows: number, held: AdventureWorks['vendors']) =>
  ({ entity: 'supplier', what: 'sync/suppliers', rows, records: recordsOf(vendors, held) }) as const;

const approvedOrders = 4;
const newOrders = 2;

/** The first one is void. */
function ordersAfterwards(all: readonly Order[]): Order[] {
  return [
    ...all.map((order, index) => (index > 0 && index <= approvedOrders ? { ...order, Status: '3' } : order)),
    ...all.slice(-newOrders).map((order) => ({ ...order, PurchaseOrderID: `${order.PurchaseOrderID}-B` })),
  ];
}

/** Orders that the overlap brings again, but for those that have changed. */
function seenAgain(all: readonly Order[]): number {
  const times = all.map(({ ModifiedDate }) => Date.parse(`${ModifiedDate.slice(0, 23).replace(' ', 'T')}Z`));
  const from = Math.max(...times) - overlapMs;
  return times.slice(1 + approvedOrders).filter((time) => time >= from).length;
}

function newSecret(): string {
  return randomBytes(24).toString('base64url');
}
