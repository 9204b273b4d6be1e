import { buildOpenApi } from './openapi.ts';
import { type Route, route } from './route.ts';

/** Serves the OpenAPI document of these routes and of itself. */
export function openApiRoute(routes: readonly Route[]): Route {
  let document: unknown;
  const self: Route = route({
    name: 'openApi',
    method: 'GET',
    path: 'openapi.json',
    tag: 'about',
    summary: 'This document',
    access: 'anonymous',
    responses: { 200: { description: 'OpenAPI 3.1.', schema: { type: 'object' } } },
    async handler() {
      document ??= buildOpenApi([...routes, self]);
      return { status: 200, body: document };
    },
  });
  return self;
}
