import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { type Authority, keepAuthority } from '../../local/certificates/authority.ts';
import { type KeyVaultOptions, type KeyVaultServer, startKeyVault } from '../../local/keyVault/server.ts';
import { temporaryFolder } from './host.ts';

export interface TestVault {
  readonly url: string;
  readonly dataDir: string;
  readonly server: KeyVaultServer;
}

export interface Vaults {
  start(options?: Partial<KeyVaultOptions>): Promise<TestVault>;
  /** Ends them, and what this process was told of them. */
  stop(): Promise<void>;
}

/** One header for all: the identity library keeps the tokens that it got in this process. */
const identityHeader = 'only-for-tests';

/** Vaults in this process, which trusts them; the last one started gives tokens to DefaultAzureCredential. */
export async function testVaults(): Promise<Vaults> {
  const authority: Authority = await keepAuthority(await temporaryFolder('certificates'));
  const trusted = getCACertificates('default');
  setDefaultCACertificates([...trusted, authority.certificate]);
  const started: KeyVaultServer[] = [];
  return {
    async start(options = {}) {
      const dataDir = options.dataDir ?? `${await temporaryFolder('vault')}/kept`;
      const certificate = authority.issue();
      const server = await startKeyVault({
        port: 0,
        identityPort: 0,
        certificate,
        identityHeader,
        ...options,
        dataDir,
      });
      started.push(server);
      process.env.IDENTITY_ENDPOINT = `http://127.0.0.1:${server.identityPort}/msi/token`;
      process.env.IDENTITY_HEADER = identityHeader;
      process.env.AZURE_TOKEN_CREDENTIALS = 'ManagedIdentityCredential';
      return { url: `https://127.0.0.1:${server.port}`, dataDir, server };
    },
    async stop() {
      setDefaultCACertificates(trusted);
      for (const server of started.splice(0)) await server.close();
    },
  };
}
