// Iterators that can be ended while a pull is pending, and one abort listener for many streams.

/** An iterator whose `return` does not wait for the next item. */
export interface Pull<T> extends AsyncIterator<T, void, undefined> {
  [Symbol.asyncIterator](): Pull<T>;
  return(): Promise<IteratorResult<T, void>>;
}

/** `return` of a generator waits for a pending pull, perhaps forever. `end` makes that pull settle. */
export function makePull<T>(generator: AsyncGenerator<T, void, undefined>, end: () => void): Pull<T> {
  return {
    next: () => generator.next(),
    return() {
      end();
      return generator.return();
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

const abortListeners = new WeakMap<AbortSignal, { listener: () => void; handlers: Set<() => void> }>();

/**
 * Calls `handler` when the signal aborts or has aborted. Returns a function that removes the handler. All streams with
 * the same signal share one listener, because Node 20 warns of a leak at eleven listeners.
 */
export function onAbort(signal: AbortSignal, handler: () => void): () => void {
  if (signal.aborted) handler();
  let shared = abortListeners.get(signal);
  if (shared === undefined) {
    const handlers = new Set<() => void>();
    const listener = (): void => {
      for (const one of [...handlers]) one();
    };
    shared = { handlers, listener };
    abortListeners.set(signal, shared);
    signal.addEventListener('abort', shared.listener);
  }
  const { handlers, listener } = shared;
  handlers.add(handler);
  return () => {
    handlers.delete(handler);
    if (handlers.size > 0) return;
    signal.removeEventListener('abort', listener);
    abortListeners.delete(signal);
  };
}
