/**
 * What kind of mistake an {@link InputError} reports, for programs; people read the message.
 *
 * - `usage`: a flag, option or config value that cannot be
 * - `missing`: a file or folder that is not there
 * - `malformed`: a file that breaks its own format
 * - `hostile`: a file that asks for something no honest file needs (code, absurd sizes, climbing paths)
 * - `unsupported`: valid, but not something this package handles
 * - `data`: images, labels or captions that do not fit the task
 * - `mismatch`: two valid things that do not belong together
 * - `locked`: another process holds the folder
 * - `storage`: the disk is full or may not be written
 * - `network`: a server that cannot be reached, or that failed each time it was asked
 * - `access`: something that wants a login, or rights that this login does not have
 */
export type InputErrorCode =
  | 'usage'
  | 'missing'
  | 'malformed'
  | 'hostile'
  | 'unsupported'
  | 'data'
  | 'mismatch'
  | 'locked'
  | 'storage'
  | 'network'
  | 'access';

/** What an {@link InputError} is made of; its message says them in one sentence. */
export interface InputErrorParts {
  readonly code: InputErrorCode;
  /** What was being done, and on what: `read model.safetensors`. */
  readonly operation: string;
  /** What would have been right. */
  readonly expected: string;
  /** What came instead. */
  readonly received: string;
  /** What the person can do about it; a list of problems goes here too, from a line break on. */
  readonly fix?: string;
  readonly cause?: unknown;
}

/**
 * A mistake in what a person supplied: the command line prints its message without a stack and exits with 2.
 * Anything else that is thrown is a bug of this package.
 */
export class InputError extends Error {
  override readonly name = 'InputError';
  readonly code: InputErrorCode;
  readonly parts: InputErrorParts;

  constructor(parts: InputErrorParts) {
    const { operation, expected, received, fix, cause } = parts;
    const sentence = `${operation}: expected ${expected}, got ${received}.`;
    const advice = fix === undefined ? '' : fix.startsWith('\n') ? fix : ` ${fix}`;
    super(`${sentence}${advice}`, cause === undefined ? undefined : { cause });
    this.code = parts.code;
    this.parts = parts;
  }
}

/** The message of anything thrown, for use inside another message. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
