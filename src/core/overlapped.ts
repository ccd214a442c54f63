/**
 * What `start` makes of each item, in order. While one result is waited for the next items are already fetched and
 * started, so that making items on this thread overlaps with work that `start` hands to others; no more than `atOnce`
 * are under way.
 */
export async function* overlapped<Item, Result>(
  items: AsyncIterable<Item> | Iterable<Item>,
  start: (item: Item) => Promise<Result>,
  atOnce = 2,
): AsyncGenerator<Result, void, undefined> {
  const ahead: Promise<Outcome<Result>>[] = [];
  for await (const item of items) {
    ahead.push(settled(start(item)));
    if (ahead.length < atOnce) continue;
    const [first] = ahead.splice(0, 1);
    yield resultOf(await first);
  }
  for (const outcome of ahead) yield resultOf(await outcome);
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
