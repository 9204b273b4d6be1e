/** The least of many in O(log n). Adding in ascending order costs O(1). */
export class MinHeap<Item> {
  readonly #items: Item[] = [];
  readonly #rank: (item: Item) => number;

  constructor(rank: (item: Item) => number) {
    this.#rank = rank;
  }

  get size(): number {
    return this.#items.length;
  }

  peek(): Item | undefined {
    return this.#items[0];
  }

  push(item: Item): void {
    const items = this.#items;
    const rank = this.#rank(item);
    let hole = items.length;
    items.push(item);
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const above = items[parent];
      if (above === undefined || this.#rank(above) <= rank) break;
      items[hole] = above;
      hole = parent;
    }
    items[hole] = item;
  }

  pop(): Item | undefined {
    const items = this.#items;
    const least = items[0];
    const last = items.pop();
    if (last === undefined || items.length === 0) return least;
    const rank = this.#rank(last);
    let hole = 0;
    for (;;) {
      const left = items[2 * hole + 1];
      if (left === undefined) break;
      const right = items[2 * hole + 2];
      const rightIsLess = right !== undefined && this.#rank(right) < this.#rank(left);
      const child = rightIsLess ? right : left;
      if (this.#rank(child) >= rank) break;
      items[hole] = child;
      hole = 2 * hole + (rightIsLess ? 2 : 1);
    }
    items[hole] = last;
    return least;
  }
}
