import type { Dispatcher } from 'undici';
import type { PostForm } from '../credentials/oauth/requestToken.ts';
import { startDeadline } from './deadline.ts';
import { exchange } from './exchange.ts';
import { requireAllowed } from './target.ts';

/** A lease on the secret lasts longer than that. */
const answerWithinMs = 20_000;
const maxBytes = 64 * 1024;

/** How token endpoints are asked. */
export interface TokenEndpoint {
  readonly post: PostForm;
  /** Resolves when nothing is asked any more. */
  idle(): Promise<void>;
}

/**
 * Asks through the guard that all requests go through, and follows no redirect, since the form holds the client's secret.
 * It isn't aborted with whoever asked: others may wait for the same token, and an answer with a new refresh token must not
 * be lost. So the agent must not be destroyed before this is idle.
 */
export function tokenEndpointBy(
  agent: () => Promise<Dispatcher>,
  settings: { readonly allowHttp: boolean },
): TokenEndpoint {
  const underWay = new Set<Promise<unknown>>();
  const ask: PostForm = async (url, form, headers) => {
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
  return {
    post(url, form, headers) {
      const asking = ask(url, form, headers).finally(() => underWay.delete(asking));
      underWay.add(asking);
      return asking;
    },
    async idle() {
      await Promise.allSettled(underWay);
    },
  };
}
