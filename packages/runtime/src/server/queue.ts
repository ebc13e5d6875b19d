/** Places for work, and a bounded queue before them. */
import { BusyError } from './errors.js';

/** Work waits here for a place. */
export interface Queue {
  /** How many wait. */
  waiting(): number;
  /**
   * Waits for a place; the result gives it back.
   *
   * @throws BusyError at once when all places are taken and the queue is full, else the signal's reason
   */
  enter(signal: AbortSignal): Promise<() => void>;
}

/** @param places work at a time @param room work that may wait */
export function openQueue(places: number, room: number): Queue {
  const line: (() => void)[] = [];
  let free = places;
  const leave = () => {
    const next = line.shift();
    if (next) next();
    else free++;
  };
  return {
    waiting: () => line.length,
    async enter(signal) {
      signal.throwIfAborted();
      if (free > 0) free--;
      else if (line.length >= room) throw new BusyError(room);
      else await wait(line, signal);
      return leave;
    },
  };
}

/** The first in line goes first; one that gives up leaves it. */
function wait(line: (() => void)[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const come = () => {
      signal.removeEventListener('abort', giveUp);
      resolve();
    };
    const giveUp = () => {
      line.splice(line.indexOf(come), 1);
      reject(signal.reason);
    };
    signal.addEventListener('abort', giveUp, { once: true });
    line.push(come);
  });
}
