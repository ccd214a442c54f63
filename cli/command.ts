import type { z } from 'zod';

import type { Progress } from '../src/core/progress.js';
import { optionsOf, type OptionSpec } from './option-spec.js';
import type { Format } from './output.js';
import type { SharedOptions } from './options.js';

/** What a command is given besides its own options. */
export interface Context extends SharedOptions {
  /** Aborts on Ctrl-C: stop at the next safe place by `signal.throwIfAborted()`. */
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** Tells the person a line, on stderr. */
  readonly note: (line: string) => void;
}

/** What a command found out. Commands print nothing themselves, so `--json` always gives one document. */
export interface CommandResult {
  /** For `--json`: plain values under snake_case keys; rates are fractions in [0, 1], unrounded. */
  readonly data: object;
  /** For people, without a last line break. */
  text(format: Format): string;
  /** A line for each gate the person asked for that was missed (`--max-asr`): the exit code is then 1. */
  readonly missed?: readonly string[];
  /** A line for each part of the work that did not come to its end, where the rest did: the exit code is 1 too. */
  readonly failed?: readonly string[];
}

export interface Example {
  readonly description: string;
  /** What stands after `rvpt`. */
  readonly command: string;
}

/** How a command defines itself; flags, config keys, `--help` and docs/cli.md derive from it. */
export interface CommandDefinition<Shape extends z.ZodRawShape> {
  /** One word, or two: `trigger apply` stands with others under `rvpt trigger`. */
  readonly name: string;
  /** One line without a full stop. */
  readonly summary: string;
  /** Keys of `options` that may stand on the command line without a flag, in order. A list takes all the rest. */
  readonly positionals?: readonly (keyof Shape & string)[];
  /** Flat fields, each with a description, without transforms. A field `resume` makes Ctrl-C say how to go on. */
  readonly options: z.ZodObject<Shape>;
  /** The same command line goes on where it was stopped; Ctrl-C says so. */
  readonly resumable?: boolean;
  readonly examples: readonly Example[];
  run(context: Context, options: z.output<z.ZodObject<Shape>>): Promise<CommandResult>;
}

/** A command, its option types sealed inside. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly OptionSpec[];
  readonly examples: readonly Example[];
  readonly resumable: boolean;
  readonly schema: z.ZodObject;
  /** @param values whatever `schema` makes of them. */
  run(context: Context, values: unknown): Promise<CommandResult>;
}

export function defineCommand<Shape extends z.ZodRawShape>(definition: CommandDefinition<Shape>): Command {
  const { name, summary, examples, options: schema, positionals = [], resumable = false } = definition;
  return {
    name,
    summary,
    examples,
    resumable,
    schema,
    options: optionsOf(schema, positionals),
    run: (context, values) => definition.run(context, schema.parse(values)),
  };
}
