import { InputError, type InputErrorCode } from '../core/errors.js';

const shown = 10;

/** `a, b and 3 more`: the first few of a list that may be long. */
export function firstFew(items: readonly (string | number)[], separator = ', '): string {
  const first = items.slice(0, shown).join(separator);
  return items.length > shown ? `${first} and ${items.length - shown} more` : first;
}

/** Everything wrong with one piece of input, reported at once. */
export class Problems {
  readonly #found: string[] = [];

  add(problem: string): void {
    this.#found.push(problem);
  }

  /** Adds `describe(items)`, the items shortened to a few, unless there are none. */
  addList(items: readonly (string | number)[], describe: (few: string) => string): void {
    if (items.length > 0) this.add(describe(firstFew(items)));
  }

  /** @throws InputError that lists the problems, if there are any. */
  throwIfAny(parts: { operation: string; expected: string; code?: InputErrorCode; fix?: string }): void {
    if (this.#found.length === 0) return;
    throw new InputError({ code: 'data', ...parts, received: firstFew(this.#found, '; ') });
  }
}
