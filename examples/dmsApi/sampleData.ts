import type { ResourceOptions } from './resource.ts';

/** Parts, stock and orders of a made-up dealer, the same each time. @param size how many of each */
export function sampleData(size: number): Readonly<Record<'parts' | 'stock' | 'orders', ResourceOptions>> {
  const numbers = Array.from({ length: size }, (_, index) => index);
  return {
    parts: { key: 'part_no', rows: numbers.map(partOf) },
    stock: { key: 'stock_id', rows: numbers.map(stockOf) },
    orders: { key: 'order_no', rows: numbers.map(orderOf) },
  };
}

const begin = Date.parse('2026-01-01T00:00:00Z');
const kinds = ['Filter', 'Belt', 'Bearing', 'Brake pad', 'Gasket', 'Spark plug', 'Chain', 'Lever'];

function timeOf(index: number): string {
  return new Date(begin + index * 61_000).toISOString();
}

function numberOf(index: number): string {
  return `P-${String(index).padStart(6, '0')}`;
}

function partOf(index: number) {
  return {
    part_no: numberOf(index),
    make: ['ACME', 'Örnberg & Söhne', 'Kestrel'][index % 3],
    description: `${kinds[index % kinds.length]} "${index}"`,
    unit: 'EA',
    list_price: ((index * 37) % 100_000) / 100,
    active: index % 17 !== 0,
    updated_at: timeOf(index),
  };
}

function stockOf(index: number) {
  return {
    stock_id: `S-${String(index).padStart(6, '0')}`,
    part_no: numberOf(index),
    branch: `0${(index % 3) + 1}`,
    bin: `A${index % 40}`,
    quantity: (index * 7) % 90,
    reserved: index % 5,
    updated_at: timeOf(index),
  };
}

function orderOf(index: number) {
  return {
    order_no: `O-${String(index).padStart(6, '0')}`,
    branch: '01',
    customer: { id: `C${index % 50}`, name: `Customer ${index % 50}` },
    status: ['open', 'picked', 'shipped'][index % 3],
    ordered_at: timeOf(index),
    currency: 'USD',
    total: ((index * 911) % 1_000_000) / 100,
    lines: [{ part_no: numberOf(index), quantity: (index % 4) + 1, price: ((index * 37) % 100_000) / 100 }],
    updated_at: timeOf(index),
  };
}
