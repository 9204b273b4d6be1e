import type { PolledSource } from './polledSource.ts';
import type { SecretSource } from './reachSource.ts';

/** What a person may change, as it was when something failed: not later, when it may be mended already. */
export interface Seen {
  /** Of the source's configuration. */
  readonly etag: string;
  readonly secretVersion?: string;
}

/** A source and its credential as they are known now. A secret that can't be had has no version: any will do then. */
export async function seenOf(
  { etag, credential }: Pick<PolledSource, 'etag' | 'credential'>,
  secrets: SecretSource,
): Promise<Seen> {
  if (credential === undefined) return { etag };
  const secretVersion = await secrets.get(credential).then(
    ({ version }) => version,
    () => undefined,
  );
  return secretVersion === undefined ? { etag } : { etag, secretVersion };
}
