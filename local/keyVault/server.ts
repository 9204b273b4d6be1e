import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Clock } from '../../shared/clock.ts';
import type { ServerCertificate } from '../certificates/authority.ts';
import type { Answer, Call } from './http.ts';
import { createIdentityEndpoint } from './identityEndpoint.ts';
import { badParameter, Refusal } from './refusal.ts';
import { SecretTable } from './secretTable.ts';
import { createTokens, type Tokens } from './tokens.ts';
import { Vault } from './vault.ts';

export interface KeyVaultOptions {
  /** Of the vault; 0: any free one. */
  readonly port: number;
  /** Of the identity's token endpoint. */
  readonly identityPort: number;
  /** Created where it is missing; readable by its owner only. */
  readonly dataDir: string;
  readonly certificate: ServerCertificate;
  /** What the app must show to get a token: its setting `IDENTITY_HEADER`. */
  readonly identityHeader: string;
  readonly clock?: Clock;
  /** For tests: answers in the vault's place. */
  readonly fault?: (call: Call) => Answer | undefined;
}

export interface KeyVaultServer {
  readonly port: number;
  readonly identityPort: number;
  close(): Promise<void>;
}

/** What tokens are for, and where they would come from in Azure. The SDK reads both from the challenge. */
const resource = 'https://vault.azure.net';
const authority = 'https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000';

/** Starts the vault (HTTPS) and the token endpoint (HTTP) on 127.0.0.1. Rejects with the system's error. */
export async function startKeyVault(options: KeyVaultOptions): Promise<KeyVaultServer> {
  const { dataDir, certificate, identityHeader, clock = Date.now, fault } = options;
  const table = new SecretTable(dataDir);
  const vault = new Vault(table, clock);
  const tokens = createTokens(identityHeader, clock);
  const identity = createIdentityEndpoint(identityHeader, tokens);
  const secrets = createServer(certificate, (request, response) => {
    void respond(request, response, async () => {
      const refused = challenge(request, tokens);
      if (refused) return refused;
      const call = await readCall(request);
      return fault?.(call) ?? vault.answer(call);
    });
  });
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= Promise.all([end(secrets), end(identity)]).then(() => table.close());
    return closed;
  };
  try {
    await listen(secrets, options.port);
    await listen(identity, options.identityPort);
  } catch (error) {
    await close();
    throw error;
  }
  return { port: portOf(secrets), identityPort: portOf(identity), close };
}

/** The SDK asks first without a token, to be told what for and where to get one. */
function challenge({ headers }: IncomingMessage, tokens: Tokens): Answer | undefined {
  const token = headers.authorization?.replace(/^Bearer /, '');
  if (token !== undefined && tokens.accepts(token, resource)) return undefined;
  const message = token === undefined ? 'Request is missing a Bearer token.' : 'The token is invalid or has expired.';
  return {
    status: 401,
    headers: { 'www-authenticate': `Bearer authorization="${authority}", resource="${resource}"` },
    body: errorBody(new Refusal(401, 'Unauthorized', message)),
  };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  answer: () => Promise<Answer>,
): Promise<void> {
  const { status, body, headers } = await answer().catch((error: unknown) => toAnswer(error));
  // What wasn't read of a refused request would stand before the next one.
  request.resume();
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  response.end(body === undefined ? '' : JSON.stringify(body));
}

function toAnswer(error: unknown): Answer {
  if (error instanceof Refusal) return { status: error.status, body: errorBody(error) };
  console.error(error);
  return {
    status: 500,
    body: errorBody(new Refusal(500, 'InternalServerError', 'See the log of the local Key Vault.')),
  };
}

function errorBody({ code, message, innerCode }: Refusal): object {
  return { error: { code, message, ...(innerCode !== undefined && { innererror: { code: innerCode } }) } };
}

/** More than any secret with its tags. */
const longestBody = 256 * 1024;

async function readCall(request: IncomingMessage): Promise<Call> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length <= longestBody) chunks.push(bytes);
  }
  if (length > longestBody)
    throw new Refusal(413, 'RequestEntityTooLarge', `A request can't exceed ${longestBody} bytes.`);
  const origin = `https://${request.headers.host}`;
  const { pathname, searchParams } = new URL(request.url ?? '/', origin);
  return {
    method: request.method ?? 'GET',
    path: pathname.split('/').filter(Boolean).map(decodeSegment),
    query: searchParams,
    origin,
    body: parseBody(Buffer.concat(chunks).toString()),
  };
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw badParameter('The path is not valid.');
  }
}

function parseBody(text: string): Record<string, unknown> {
  if (text === '') return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw badParameter('The request body is not valid JSON.');
  }
  if (typeof parsed !== 'object' || parsed === null) throw badParameter('The request body must be an object.');
  return { ...parsed };
}

async function listen(server: HttpServer, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}

function portOf(server: HttpServer): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function end(server: HttpServer): Promise<void> {
  await new Promise<void>((resolve) => {
    // It complains if it never listened; then there is nothing to end.
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
