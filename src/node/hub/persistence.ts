import { setTimeout as sleep } from 'node:timers/promises';

import { InputError } from '../../core/errors.js';

/** Failures in a row after which it is given up. */
const ATTEMPTS = 5;
/** A server that asks for more patience than this is not waited for, in ms. */
const LONGEST_WAIT = 60_000;

/** Something that may go well the next time: a connection that broke, a server that is busy. */
export class Passing extends Error {
  override readonly name = 'Passing';
  /** How long the server asks to wait, in ms. */
  readonly wait: number | undefined;
  /** What a person can do when it does not pass. */
  readonly fix: string;

  constructor(
    message: string,
    { wait, fix, cause }: { wait?: number | undefined; fix?: string; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.wait = wait;
    this.fix = fix ?? 'Check the network, or try again later. HF_HUB_OFFLINE=1 takes from the cache alone.';
  }
}

export interface Persistence {
  readonly signal?: AbortSignal | undefined;
  /** Told a sentence for a person before each new attempt. */
  readonly note?: ((line: string) => void) | undefined;
  /** Wait before the second attempt, in ms; twice as long before each further one. */
  readonly backOff?: number | undefined;
}

/**
 * Attempts until one goes well. Only a {@link Passing} failure is followed by another attempt.
 * @param moved whether the last attempt got anywhere: failures before it then count no more
 * @throws InputError (`network`) after too many failures; what `attempt` throws
 */
export async function persist<T>(
  operation: string,
  attempt: () => Promise<T>,
  { signal, note = () => undefined, backOff = 500 }: Persistence,
  moved: () => boolean = () => false,
): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await attempt();
    } catch (thrown) {
      signal?.throwIfAborted();
      if (!(thrown instanceof Passing)) throw thrown;
      if (moved()) failures = 1;
      const wait = thrown.wait ?? backOff * 2 ** (failures - 1);
      if (failures === ATTEMPTS || wait > LONGEST_WAIT) throw givenUp(operation, thrown, failures);
      note(`${operation}: ${thrown.message}; trying again in ${(wait / 1000).toFixed(1)} s`);
      await sleep(wait, undefined, { ...(signal === undefined ? {} : { signal }) }).catch((aborted: unknown) => {
        signal?.throwIfAborted();
        throw aborted;
      });
    }
  }
}

function givenUp(operation: string, { message, fix, wait, cause }: Passing, times: number): InputError {
  const patience = wait === undefined ? '' : `, which asks to wait ${Math.ceil(wait / 1000)} s`;
  return new InputError({
    code: 'network',
    operation,
    expected: 'an answer of the Hub',
    received: `${message}${patience}${times === 1 ? '' : `, ${times} times in a row`}`,
    fix,
    cause,
  });
}
