import { parseRunId } from '../../shared/model/run.ts';
import { fail } from '../http/problem.ts';
import { type Route, route } from '../http/route.ts';
import { runDocument, runSchema } from './runDocument.ts';

/** A person says that a suspect read was right. */
export function approveRoute(): Route {
  return route({
    name: 'runsApprove',
    method: 'POST',
    path: 'runs/{runId}/approve',
    tag: 'runs',
    summary: 'Let the deletes be applied that a suspect run holds',
    access: 'admin',
    responses: {
      202: {
        description: 'They are on their way; the run closes again once they are applied.',
        schema: runSchema,
        headers: { Location: 'The run.' },
      },
      404: { description: 'There is no such run.' },
      409: { description: 'Nothing is held, or a newer complete read exists or is under way.' },
    },
    async handler({ app, params, caller, log }) {
      const runId = parseRunId(params.runId)?.runId;
      if (runId === undefined || (await app.runs.get(runId)) === undefined) {
        return fail(404, 'DATA_ERROR', 'There is no such run.');
      }
      const run = await app.snapshots.approve(runId);
      log.info('A suspect run was approved.', { run_id: runId, by: caller.id });
      return { status: 202, headers: { location: `/api/v1/runs/${runId}` }, body: runDocument(run) };
    },
  });
}
