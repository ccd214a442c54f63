import { PassThrough } from 'node:stream';

import type { Command } from '../../cli/command.js';
import { runProgram } from '../../cli/program.js';

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly exits: readonly number[];
}

/** Runs a command line in this process; `interrupt` acts as Ctrl-C while it runs. */
export async function runInProcess(
  argv: readonly string[],
  commands: readonly Command[],
  interrupts: { press?: () => void } = {},
): Promise<Outcome> {
  let stdout = '';
  const stderr = new PassThrough().setEncoding('utf8');
  const exits: number[] = [];
  const code = await runProgram(commands, argv, {
    stdout: { write: (text) => (stdout += text) },
    stderr,
    onInterrupt(listener) {
      interrupts.press = () => {
        listener('SIGINT');
      };
      return () => delete interrupts.press;
    },
    exit: (exit) => exits.push(exit),
  });
  const said: unknown = stderr.read();
  return { code, stdout, stderr: typeof said === 'string' ? said : '', exits };
}
