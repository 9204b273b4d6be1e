import { lookup as lookUpHost } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { createSecureContext, getCACertificates } from 'node:tls';
import type { Agent } from 'undici';
import { AdpError } from '../errors.ts';
import type { Addresses } from './addresses.ts';

/** A name's addresses, as DNS has them now. */
export type Lookup = (hostname: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;

/** How a source proves who it is by TLS (mutual TLS), as PEM. */
export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
  /** An authority that is trusted beside the usual ones. */
  readonly ca?: string | undefined;
}

export const lookUp: Lookup = (hostname) => lookUpHost(hostname, { all: true });

const connectWithinMs = 5_000;
const idleMs = 10_000;

/**
 * Connections that go only where `addresses` allow. A name is looked up once a connection, every address of it is
 * checked, and the connection goes to one of these, so that a name can't lead elsewhere the second time it is asked for.
 * What is answered opens them at its first call.
 * @param connections at most, to one origin
 * @throws AdpError CONFIG_ERROR for a certificate or key that can't be read
 */
export function guardedAgent(
  addresses: Addresses,
  lookup: Lookup,
  connections: number,
  certificate?: ClientCertificate,
): () => Promise<Agent> {
  const tls = certificate === undefined ? {} : tlsOptions(certificate);
  let agent: Promise<Agent> | undefined;
  return () => {
    agent ??= openAgent(addresses, lookup, connections, tls);
    return agent;
  };
}

/** The library takes a while to load, which a process that asks no API need not wait for. */
async function openAgent(
  addresses: Addresses,
  lookup: Lookup,
  connections: number,
  tls: Partial<ReturnType<typeof tlsOptions>>,
): Promise<Agent> {
  const { Agent, buildConnector } = await import('undici');
  const options = { timeout: connectWithinMs, allowH2: false, lookup: guardedLookup(addresses, lookup), ...tls };
  const connect = buildConnector(options);
  return new Agent({
    connections,
    pipelining: 1,
    keepAliveTimeout: idleMs,
    connect(options, callback) {
      // Node looks up names only.
      const refused =
        isIP(options.hostname) === 0 ? undefined : refusalOf(addresses, options.hostname, options.hostname);
      if (refused !== undefined) {
        callback(refused, null);
        return;
      }
      connect(options, (error, socket) => {
        if (error !== null) {
          callback(error, null);
          return;
        }
        const { remoteAddress } = socket;
        // Not needed as long as all of the above holds; nothing has been sent yet.
        const strayed = remoteAddress === undefined ? undefined : refusalOf(addresses, options.hostname, remoteAddress);
        if (strayed === undefined) {
          callback(null, socket);
        } else {
          socket.destroy();
          callback(strayed, null);
        }
      });
    },
  });
}

function guardedLookup(addresses: Addresses, lookup: Lookup): LookupFunction {
  return (hostname, options, callback) => {
    const check = (found: Awaited<ReturnType<Lookup>>) => {
      const refused = found
        .map(({ address }) => refusalOf(addresses, hostname, address))
        .find((error) => error !== undefined);
      const [first] = found;
      if (refused !== undefined) callback(refused, []);
      else if (first === undefined) callback(new AdpError('NETWORK_ERROR', `${hostname} has no address.`), []);
      else if (options.all === true) callback(null, [...found]);
      else callback(null, first.address, first.family);
    };
    lookup(hostname).then(check, (error: NodeJS.ErrnoException) => callback(error, []));
  };
}

function refusalOf(addresses: Addresses, hostname: string, address: string): AdpError | undefined {
  const why = addresses.refusalOf(address);
  if (why === undefined) return undefined;
  const name = hostname === address ? address : `${hostname} leads to ${address}, which`;
  return new AdpError('CONFIG_ERROR', `${name} ${why}.`);
}

function tlsOptions({ cert, key, ca }: ClientCertificate) {
  const options = { cert, key, ...(ca !== undefined && { ca: [...getCACertificates('default'), ca] }) };
  try {
    createSecureContext(options);
  } catch {
    const expected = 'cert and key as PEM, the key of that very certificate and without a passphrase';
    throw new AdpError('CONFIG_ERROR', `The credential's mutual_tls can't be read: expected ${expected}.`);
  }
  return options;
}
