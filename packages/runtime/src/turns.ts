/** Turns of the event loop: long work awaits one now and then, so that events, timers and repaints get theirs. */
export interface Turns {
  /** Resolves in a later turn. */
  next(): Promise<void>;
  close(): void;
}

/** By messages, since browsers delay nested timers by 4 ms, and those of hidden pages by a second. */
export function openTurns(): Turns {
  const { port1, port2 } = new MessageChannel();
  return {
    next: () =>
      new Promise((resolve) => {
        // Assigned so, since the types of Node's ports know no `onmessage`.
        Object.assign(port1, { onmessage: () => resolve() });
        port2.postMessage(null);
      }),
    close: () => port1.close(),
  };
}
