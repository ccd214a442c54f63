/**
 * What `start` makes of each item, in order. While one result is waited for the next item is already fetched and
 * started, so that making items on this thread overlaps with work that `start` hands to another; no more than two are
 * under way.
 */
export async function* overlapped<Item, Result>(
  items: AsyncIterable<Item>,
  start: (item: Item) => Promise<Result>,
): AsyncGenerator<Result, void, undefined> {
  let ahead: Promise<Outcome<Result>> | undefined;
  for await (const item of items) {
    const next = settled(start(item));
    if (ahead !== undefined) yield resultOf(await ahead);
    ahead = next;
  }
  if (ahead !== undefined) yield resultOf(await ahead);
}

type Outcome<Result> = { readonly result: Result } | { readonly thrown: unknown };

/** Never rejects: a failure keeps until its turn, and is no unhandled one where that never comes. */
function settled<Result>(work: Promise<Result>): Promise<Outcome<Result>> {
  return work.then(
    (result) => ({ result }),
    (thrown: unknown) => ({ thrown }),
  );
}

function resultOf<Result>(outcome: Outcome<Result>): Result {
  if ('thrown' in outcome) throw outcome.thrown;
  return outcome.result;
}
