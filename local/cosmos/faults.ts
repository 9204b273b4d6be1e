import { setTimeout as wait } from 'node:timers/promises';
import type { Json } from './json.ts';
import { isObject } from './json.ts';
import { Refusal } from './refusal.ts';

/** What goes wrong on purpose: a test hook, off unless asked for by `PUT /_local/faults`. */
export interface FaultSettings {
  /** Probability that a request on documents is throttled, and each operation in a bulk request. */
  readonly rate429: number;
  /** Probability that a request on documents fails with 503: every other time after it was carried out, as when an answer is lost. */
  readonly rate503: number;
  /** How much later requests on documents are served. */
  readonly latencyMs: number;
  readonly seed: number;
}

/** Draws faults, the same ones in the same order for the same seed. */
export class Faults {
  #settings: FaultSettings | undefined;
  #random: () => number = () => 1;
  #failures = 0;

  /** Starts anew with the settings of a request body. Throws a 400. */
  set(body: Json): void {
    const settings = readSettings(body);
    this.#settings = settings;
    this.#random = randomOf(settings.seed);
    this.#failures = 0;
  }

  clear(): void {
    this.#settings = undefined;
  }

  /**
   * Serves a request on documents with whatever goes wrong this time.
   * @throws Refusal 429 or 503
   */
  async around<T>(serve: () => Promise<T>): Promise<T> {
    const settings = this.#settings;
    if (settings === undefined) return serve();
    const throttled = this.#random() < settings.rate429;
    const fails = this.#random() < settings.rate503;
    if (settings.latencyMs > 0) await wait(settings.latencyMs);
    if (throttled) throw this.#throttled();
    if (!fails) return serve();
    if (this.#failures++ % 2 === 1) await serve();
    throw new Refusal(503, 'Service is currently unavailable (injected).');
  }

  /** The fault of one operation in a bulk request, if any. */
  forOperation(): Refusal | undefined {
    if (this.#settings === undefined || this.#random() >= this.#settings.rate429) return undefined;
    return this.#throttled();
  }

  #throttled(): Refusal {
    const retryAfterMs = 1 + Math.floor(this.#random() * 10);
    return new Refusal(429, 'Request rate is large (injected).', { substatus: 3200, retryAfterMs });
  }
}

function readSettings(body: Json): FaultSettings {
  if (!isObject(body)) throw new Refusal(400, 'Fault settings must be an object.');
  const { rate429 = 0, rate503 = 0, latencyMs = 0, seed = 1, scope = 'documents', ...unknown } = body;
  const names = Object.keys(unknown);
  if (names.length > 0) throw new Refusal(400, `Unknown fault settings: ${names.join(', ')}`);
  if (scope !== 'documents') throw new Refusal(400, "The only scope of faults is 'documents'.");
  return {
    rate429: numberOf('rate429', rate429, 1),
    rate503: numberOf('rate503', rate503, 1),
    latencyMs: numberOf('latencyMs', latencyMs, 60_000),
    seed: numberOf('seed', seed, 2 ** 32),
  };
}

function numberOf(name: string, value: Json, maximum: number): number {
  if (typeof value !== 'number' || !(value >= 0 && value <= maximum)) {
    throw new Refusal(400, `'${name}' must be a number from 0 to ${maximum}.`);
  }
  return value;
}

/** mulberry32: small and good enough for tests. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
