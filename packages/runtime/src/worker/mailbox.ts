/** Messages that wait for their reader, or a reader that waits for messages. */
export interface Mailbox<T> {
  put(message: T): void;
  take(): Promise<T>;
}

/** One reader at a time. */
export function mailbox<T>(): Mailbox<T> {
  const messages: T[] = [];
  let waiting: ((message: T) => void) | null = null;
  return {
    put: (message) => {
      const reader = waiting;
      waiting = null;
      if (reader) reader(message);
      else messages.push(message);
    },
    take: () =>
      new Promise((resolve) => {
        if (messages.length > 0) resolve(messages.shift() as T);
        else waiting = resolve;
      }),
  };
}
