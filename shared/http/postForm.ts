import type { Dispatcher } from 'undici';
import type { PostForm } from '../credentials/oauth/requestToken.ts';
import { startDeadline } from './deadline.ts';
import { exchange } from './exchange.ts';
import { requireAllowed } from './target.ts';

/** A lease on the secret lasts longer than that. */
const answerWithinMs = 20_000;
const maxBytes = 64 * 1024;

/**
 * How token endpoints are asked: through the guard that all requests go through, and following no redirect, since the
 * form holds the client's secret. It isn't aborted with whoever asked: others may wait for the same token, and an answer
 * with a new refresh token must not be lost.
 */
export function postFormBy(agent: () => Promise<Dispatcher>, settings: { readonly allowHttp: boolean }): PostForm {
  return async (url, form, headers) => {
    requireAllowed(url, settings, "token_url of the source's secret");
    const outgoing = {
      method: 'POST',
      url,
      headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
    } as const;
    const deadline = startDeadline(answerWithinMs);
    try {
      const limits = { deadline, headersMs: answerWithinMs, maxBytes };
      const reply = await exchange(outgoing, await agent(), limits, new AbortController().signal);
      const chunks: Uint8Array[] = [];
      for await (const chunk of reply.body) chunks.push(chunk);
      return { status: reply.status, headers: reply.headers, text: Buffer.concat(chunks).toString('utf8') };
    } finally {
      deadline.clear();
    }
  };
}
