/**
 * Calls `end` when the process that forked this one has gone, even by SIGKILL: nobody is left to stop it. At once where
 * that was while this one was still starting, which no event tells any more. Not where nobody forked it.
 */
export function onParentGone(end: () => void): void {
  process.once('disconnect', end);
  if (process.connected === false) end();
}
