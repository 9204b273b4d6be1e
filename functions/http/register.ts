import {
  type FunctionInput,
  app as functions,
  type HttpFunctionOptions,
  type HttpHandler,
  type HttpMethod,
} from '@azure/functions';
import type { App } from '../../shared/app.ts';
import { createDispatch, type Dispatch } from './dispatch.ts';
import { openApiRoute } from './openapiRoute.ts';
import type { Route } from './route.ts';

/** What answers on behalf of routes that start polls. */
type WithPolls = (dispatch: Dispatch) => { readonly handler: HttpHandler; readonly extraInputs: FunctionInput[] };

const everyMethod: HttpMethod[] = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'];

/**
 * Registers every route as a function of its own, and one that takes what is left, so that an unknown path and a wrong
 * method get a problem document too. Its name sorts last, since the host tries functions by name.
 */
export function registerRoutes(app: App, declared: readonly Route[], withPolls: WithPolls): void {
  const routes = [...declared, openApiRoute(declared)];
  functions.setup({ enableHttpStream: true });
  const dispatch = createDispatch(app, routes);
  const handler: HttpHandler = (request, context) => dispatch(request, context);
  for (const { name, method, path, startsPolls } of routes) {
    const options: HttpFunctionOptions = { methods: [method], authLevel: 'anonymous', route: `v1/${path}`, handler };
    functions.http(name, startsPolls ? { ...options, ...withPolls(dispatch) } : options);
  }
  functions.http('zzNotFound', { methods: everyMethod, authLevel: 'anonymous', route: 'v1/{*path}', handler });
}
