import os from 'node:os';
import { CommanderError } from 'commander';

import { InputError } from '../src/core/errors.js';
import type { JsonObject } from '../src/core/json.js';
import { currentVersions } from '../src/run/provenance.js';

export const exitCode = {
  done: 0,
  /** A gate that the person asked for was missed, or a part of the work failed while the rest was done. */
  incomplete: 1,
  /** Bad usage or bad input: a message and no stack. */
  badInput: 2,
  /** Something that should not happen: a stack. */
  bug: 70,
} as const;

/** The person asked to stop. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly signal: 'SIGINT' | 'SIGTERM';

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super('stopped');
    this.signal = signal;
  }

  /** As shells count: 128 and the number of the signal. */
  get exitCode(): number {
    return 128 + os.constants.signals[this.signal];
  }
}

/** How the program ends on something thrown. */
export interface Failure {
  readonly exitCode: number;
  /** For stderr, without a last line break; empty when all is said. */
  readonly message: string;
  /** For stdout under `--json`; undefined when no document is due (help, version). */
  readonly data: JsonObject | undefined;
}

/** @param resumeWith the command line that goes on from where the work stopped, where there is one. */
export function failureOf(thrown: unknown, resumeWith?: string): Failure {
  if (thrown instanceof Interrupted) {
    const hint = resumeWith === undefined ? '' : ` To go on: ${resumeWith}`;
    return failure(thrown.exitCode, 'interrupted', `Stopped.${hint}`);
  }
  if (thrown instanceof InputError) return badInput(thrown.code, thrown.message);
  if (thrown instanceof CommanderError) {
    if (thrown.exitCode === 0) return { exitCode: exitCode.done, message: '', data: undefined };
    const message = thrown.code === 'commander.help' ? 'no command given' : thrown.message.replace(/^error: /, '');
    return badInput('usage', message);
  }
  const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  const { rvpt, node, onnxruntime, platform } = currentVersions();
  const versions = `rvpt ${rvpt}, node ${node}, onnxruntime ${onnxruntime}, ${platform}`;
  const message = `${stack}\n\nThis is a bug in rvpt. Please report it to its maintainers with the lines above and: ${versions}`;
  return failure(exitCode.bug, 'bug', message);
}

function badInput(kind: string, message: string): Failure {
  return { ...failure(exitCode.badInput, kind, message), message: `error: ${message}` };
}

function failure(code: number, kind: string, message: string): Failure {
  return { exitCode: code, message, data: { error: { code: kind, message } } };
}
