// For how long the system may look a name up: no longer than anybody waits for it.
//
// A lookup under way cannot be cancelled, and the process cannot end with a code of its own before it is over.

/** What the resolver does unasked: two tries of five seconds for each name server (resolv.conf(5)). */
const USUAL_MS = 10_000;
const TRIES = 2;

/** RES_OPTIONS by which a silent name server is given up within `waitMs`, in whole seconds; undefined if it is anyway. */
export function chooseResolverOptions(waitMs: number): string | undefined {
  if (waitMs >= USUAL_MS) return undefined;
  const seconds = Math.max(1, Math.floor(waitMs / 1_000));
  const tries = Math.min(TRIES, seconds);
  return `timeout:${Math.floor(seconds / tries)} attempts:${tries}`;
}
