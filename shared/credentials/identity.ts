import { DefaultAzureCredential, type TokenCredential } from '@azure/identity';

/** The app's own identity in Azure: a managed identity there (`clientId` picks a user-assigned one), the developer's login elsewhere. */
export function identity(account: { readonly clientId?: string }): TokenCredential {
  return new DefaultAzureCredential(
    account.clientId === undefined ? {} : { managedIdentityClientId: account.clientId },
  );
}
