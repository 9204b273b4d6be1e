/** JSON as it is written in a file or answered by the hub. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

export type JsonObject = Readonly<Record<string, Json>>;

export type Kind = 'pack' | 'dealer' | 'source';

/** One thing that is put to the hub as a whole: a pack, a dealer without its sources, or a source. */
export interface Item {
  readonly kind: Kind;
  /** A pack's name, a dealer's id, or `{dealer}/{source}`. */
  readonly name: string;
  /** Below /api/v1. */
  readonly path: string;
  readonly wanted: JsonObject;
  /** Where it is written. */
  readonly file: string;
}

/** Packs come before the dealers whose sources extend them, a dealer before its sources. */
export const kindOrder: readonly Kind[] = ['pack', 'dealer', 'source'];
