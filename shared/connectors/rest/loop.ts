import { hash } from './rows.ts';

/**
 * Finds that a sequence of pages goes in a circle, however long, by remembering one of them: each page is compared with
 * one that moves up whenever the distance to it has doubled (R. P. Brent, "An improved Monte Carlo factorization
 * algorithm", 1980, section 2).
 */
export interface Loop {
  /** Hash of what leads to the page that is compared with. */
  readonly mark: string;
  readonly distance: number;
  readonly limit: number;
}

/** The loop with one page more; undefined where it is the page that was marked. @param next what leads to it */
export function follow(loop: Loop | undefined, next: string): Loop | undefined {
  const page = hash(next);
  if (loop === undefined) return { mark: page, distance: 0, limit: 1 };
  if (loop.mark === page) return undefined;
  const distance = loop.distance + 1;
  return distance >= loop.limit
    ? { mark: page, distance: 0, limit: loop.limit * 2 }
    : { mark: loop.mark, distance, limit: loop.limit };
}
