import { type Route, route } from '../http/route.ts';
import { createReadiness, type Readiness } from './readiness.ts';

const liveSchema = {
  title: 'Live',
  type: 'object',
  required: ['status'],
  properties: { status: { const: 'ok' } },
} as const;

const readySchema = {
  title: 'Ready',
  type: 'object',
  required: ['status', 'dependencies'],
  properties: {
    status: { enum: ['ok', 'unavailable'] },
    dependencies: {
      type: 'object',
      description: 'Each dependency by name.',
      additionalProperties: { enum: ['ok', 'unavailable'] },
      examples: [{ tables: 'ok', blobs: 'ok', serviceBus: 'ok', cosmos: 'ok' }],
    },
  },
} as const;

/** Whether the app runs, and whether what it needs answers. Anonymous: neither says more than that. */
export function healthRoutes(): Route[] {
  let readiness: Readiness | undefined;
  return [
    route({
      name: 'healthLive',
      method: 'GET',
      path: 'health/live',
      tag: 'health',
      summary: 'Does the app run?',
      access: 'anonymous',
      responses: { 200: { description: 'It does.', schema: liveSchema, example: { status: 'ok' } } },
      handler: async () => ({ status: 200, body: { status: 'ok' } }),
    }),
    route({
      name: 'healthReady',
      method: 'GET',
      path: 'health/ready',
      tag: 'health',
      summary: 'Does everything that the app needs answer?',
      access: 'anonymous',
      responses: {
        200: { description: 'Everything answers.', schema: readySchema },
        503: {
          description: 'Something does not answer within two seconds. The same document, no problem document.',
          schema: readySchema,
        },
      },
      async handler({ app, log }) {
        readiness ??= createReadiness(app.probes, app.clock);
        const { status, dependencies } = await readiness(log);
        return { status: status === 'ok' ? 200 : 503, body: { status, dependencies } };
      },
    }),
  ];
}
