/**
 * Works through items in order, so many of them at a time. When one throws, the others are told to stop, and the first
 * that was thrown is thrown again when all have.
 * @param work of an item, by the worker of this number
 */
export async function sideBySide<Item>(
  items: readonly Item[],
  workers: number,
  signal: AbortSignal | undefined,
  work: (item: Item, worker: number, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const queue = items.values();
  const thrown: unknown[] = [];
  await Promise.all(
    Array.from({ length: Math.min(workers, items.length) }, async (_, worker) => {
      try {
        for (const item of queue) {
          either.throwIfAborted();
          await work(item, worker, either);
        }
      } catch (error) {
        thrown.push(error);
        stop.abort(error);
      }
    }),
  );
  if (thrown.length > 0) throw thrown[0];
}
