/**
 * What a stream brings, as long as it brings something. One that says nothing for `withinMs` milliseconds is aborted: a
 * connection that hangs halfway is noticed by nobody else. Whoever reads may take as long as they like.
 *
 * @param open begins the stream, which ends with an error once the signal says so
 */
export async function* whileHeard<T>(
  open: (signal: AbortSignal) => Promise<AsyncIterable<T>>,
  withinMs: number,
): AsyncGenerator<T> {
  const silence = new AbortController();
  const listen = () => setTimeout(() => silence.abort(), withinMs);
  let timer = listen();
  try {
    for await (const chunk of await open(silence.signal)) {
      clearTimeout(timer);
      yield chunk;
      timer = listen();
    }
  } finally {
    clearTimeout(timer);
  }
}
