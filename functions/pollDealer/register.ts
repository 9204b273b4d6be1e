import { type FunctionInput, app as functions, type HttpHandler } from '@azure/functions';
import type { App } from '../../shared/app.ts';
import type { EndedPoll, FailedRead } from '../../shared/sync/poll/endPoll.ts';
import type { PageRequest } from '../../shared/sync/poll/readRequest.ts';
import type { Dispatch } from '../http/dispatch.ts';
import { durableClient, pollStarter, purgeOrchestrations, registerActivity, registerOrchestration } from './durable.ts';
import { names, pollLane, pollSource } from './orchestrators.ts';

/** Histories are kept for as long as somebody may want to look into one. */
const historyMs = 24 * 3_600_000;

/** Lets a request start polls. */
export function withPolls(dispatch: Dispatch): { handler: HttpHandler; extraInputs: FunctionInput[] } {
  return {
    extraInputs: [durableClient()],
    handler: (request, context) => dispatch(request, context, pollStarter(context, names.pollSource)),
  };
}

/** Polls databases and APIs: a timer starts an orchestration for each source that is due. */
export function registerPolls(app: App): void {
  registerOrchestration(names.pollSource, pollSource);
  registerOrchestration(names.pollLane, pollLane);
  registerActivity<PageRequest>(names.pollPage, (request) => app.polling.page(request));
  registerActivity<FailedRead>(names.failRead, (read) => app.polling.failRead(read));
  registerActivity<EndedPoll>(names.endPoll, (poll) => app.polling.endPoll(poll));
  functions.timer('startPolls', {
    schedule: '0 * * * * *',
    extraInputs: [durableClient()],
    handler: async (_timer, context) => {
      const started = await app.polling.startDue(pollStarter(context, names.pollSource));
      if (started > 0) context.info(`Started ${started} polls.`);
    },
  });
  functions.timer('purgePolls', {
    schedule: '0 41 * * * *',
    extraInputs: [durableClient()],
    handler: async (_timer, context) => {
      await purgeOrchestrations(context, new Date(app.clock() - historyMs));
    },
  });
}
