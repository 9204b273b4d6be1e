import { app as functions, type HttpMethod } from '@azure/functions';
import type { App } from '../../shared/app.ts';
import { createDispatch } from './dispatch.ts';
import { openApiRoute } from './openapiRoute.ts';
import type { Route } from './route.ts';

const everyMethod: HttpMethod[] = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'];

/**
 * Registers every route as a function of its own, and one that takes what is left, so that an unknown path and a wrong
 * method get a problem document too. Its name sorts last, since the host tries functions by name.
 */
export function registerRoutes(app: App, declared: readonly Route[]): void {
  const routes = [...declared, openApiRoute(declared)];
  functions.setup({ enableHttpStream: true });
  const handler = createDispatch(app, routes);
  for (const { name, method, path } of routes) {
    functions.http(name, { methods: [method], authLevel: 'anonymous', route: `v1/${path}`, handler });
  }
  functions.http('zzNotFound', { methods: everyMethod, authLevel: 'anonymous', route: 'v1/{*path}', handler });
}
