import { InputError, type InputErrorCode } from '../core/errors.js';

/** What is wrong with a checkpoint file, in the parts of an {@link InputError}. */
export interface Refusal {
  readonly expected: string;
  readonly received: string;
  readonly fix?: string;
  readonly cause?: unknown;
}

/** The error for a checkpoint file that cannot be taken. */
export function refuse(code: InputErrorCode, file: string, refusal: Refusal): InputError {
  return new InputError({ code, operation: `read ${file}`, ...refusal });
}

/** As many `items` as a person will read, and how many more there are. */
export function listed(items: readonly string[], limit = 12): string {
  const shown = items.slice(0, limit).join(', ');
  return items.length <= limit ? shown : `${shown} and ${items.length - limit} more`;
}

/** Untrusted text inside a message: quoted, escaped, cut to a readable length. */
export function quoted(text: string): string {
  return JSON.stringify(text.length <= 120 ? text : `${text.slice(0, 120)}…`);
}
