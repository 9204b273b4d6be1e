import type { SecretVersion } from './secretTable.ts';

/** How long a deleted secret can be recovered. */
export const recoverableDays = 90;

/** A version as the service shows it, with its value. */
export function secretBundle(origin: string, secret: SecretVersion): object {
  return { value: secret.value, ...secretItem(origin, secret) };
}

/** A version as it is listed and as its change is answered: without the value. */
export function secretItem(origin: string, { version, ...secret }: SecretVersion): object {
  return { ...newestItem(origin, secret), id: `${origin}/secrets/${secret.name}/${version}` };
}

/** A secret as it is listed: its id names no version. */
export function newestItem(origin: string, secret: Omit<SecretVersion, 'version'>): object {
  const { enabled, notBefore, expires } = secret.attributes;
  return {
    id: `${origin}/secrets/${secret.name}`,
    attributes: {
      enabled,
      nbf: notBefore,
      exp: expires,
      created: secret.created,
      updated: secret.updated,
      recoveryLevel: 'Recoverable+Purgeable',
      recoverableDays,
    },
    contentType: secret.contentType,
    tags: secret.tags,
  };
}

/** @param deletedAt seconds since 1970 */
export function deletedItem(origin: string, secret: SecretVersion, deletedAt: number): object {
  return {
    ...secretItem(origin, secret),
    recoveryId: `${origin}/deletedsecrets/${secret.name}`,
    deletedDate: deletedAt,
    scheduledPurgeDate: deletedAt + recoverableDays * 24 * 60 * 60,
  };
}
