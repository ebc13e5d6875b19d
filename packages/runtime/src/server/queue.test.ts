import { describe, expect, it } from 'vitest';
import { BusyError } from './errors.js';
import { openQueue } from './queue.js';

const { signal } = new AbortController();

describe('openQueue', () => {
  it('lets so many in, then so many wait, and refuses the next at once', async () => {
    const queue = openQueue(1, 2);
    const leave = await queue.enter(signal);
    const order: number[] = [];
    const waiting = [1, 2].map(async (each) => {
      const go = await queue.enter(signal);
      order.push(each);
      go();
    });
    expect(queue.waiting()).toBe(2);
    await expect(queue.enter(signal)).rejects.toThrow(BusyError);
    leave();
    await Promise.all(waiting);
    expect([order, queue.waiting()]).toEqual([[1, 2], 0]);
    expect(await queue.enter(signal)).toBeTypeOf('function');
  });

  it('one that gives up leaves its place in the line to others', async () => {
    const queue = openQueue(1, 1);
    const leave = await queue.enter(signal);
    const stop = new AbortController();
    const waiting = queue.enter(stop.signal);
    stop.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    const next = queue.enter(signal);
    leave();
    expect(await next).toBeTypeOf('function');
    await expect(queue.enter(stop.signal)).rejects.toThrow('gone');
  });

  it('without room nobody waits', async () => {
    const queue = openQueue(1, 0);
    await queue.enter(signal);
    await expect(queue.enter(signal)).rejects.toThrow(/got 0 that wait/);
  });
});
