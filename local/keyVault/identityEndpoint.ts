import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Answer } from './http.ts';
import { isSame, type Tokens } from './tokens.ts';

/**
 * The token endpoint of a managed identity, as App Service offers it to the app by the settings `IDENTITY_ENDPOINT` and
 * `IDENTITY_HEADER`: plain HTTP on loopback, and only who knows the header gets a token.
 * https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
 */
export function createIdentityEndpoint(identityHeader: string, tokens: Tokens): Server {
  return createServer((request, response) => {
    const { status, body } = answer(request, identityHeader, tokens);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  });
}

const apiVersion = '2019-08-01';

function answer(request: IncomingMessage, identityHeader: string, tokens: Tokens): Answer {
  const url = URL.parse(request.url ?? '/', 'http://localhost');
  if (url?.pathname !== '/msi/token' || request.method !== 'GET') return refusal(404, `There is no ${request.url}.`);
  const { searchParams } = url;
  const resource = searchParams.get('resource')?.replace(/\/$/, '');
  if (!isSame(String(request.headers['x-identity-header']), identityHeader)) {
    return refusal(401, 'The header X-IDENTITY-HEADER is missing or wrong.');
  }
  if (searchParams.get('api-version') !== apiVersion) return refusal(400, `api-version must be ${apiVersion}.`);
  if (!resource) return refusal(400, 'The query parameter resource is missing.');
  const { text, expiresOn } = tokens.issue(resource);
  const body = { access_token: text, expires_on: String(expiresOn), resource, token_type: 'Bearer' };
  return { status: 200, body };
}

function refusal(statusCode: number, message: string): Answer {
  return { status: statusCode, body: { statusCode, message } };
}
