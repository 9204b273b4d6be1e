import type { TokenCredential } from '@azure/identity';

/**
 * The app's own identity in Azure: a managed identity there (`clientId` picks a user-assigned one), the developer's login
 * elsewhere. Its library is loaded for the first token: where connection strings are set, nobody asks for one.
 */
export function identity({ clientId }: { readonly clientId?: string }): TokenCredential {
  let credential: Promise<TokenCredential> | undefined;
  return {
    async getToken(scopes, options) {
      credential ??= load(clientId);
      return await (await credential).getToken(scopes, options);
    },
  };
}

async function load(clientId: string | undefined): Promise<TokenCredential> {
  const { DefaultAzureCredential } = await import('@azure/identity');
  return new DefaultAzureCredential(clientId === undefined ? {} : { managedIdentityClientId: clientId });
}
