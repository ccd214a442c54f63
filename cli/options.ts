import { z } from 'zod';

import { InputError } from '../src/core/errors.js';
import { nearestNames } from '../src/core/nearest.js';
import { readConfigFile } from './config-file.js';
import type { OptionSpec } from './option-spec.js';

/** Options that every command takes, in its flags and in its config file. */
export const sharedSchema = z.object({
  seed: z.int().nonnegative().default(0).describe('seed of everything random'),
  device: z
    .enum(['auto', 'cpu', 'webgpu', 'cuda', 'dml', 'coreml'])
    .default('auto')
    .describe('where the model runs; auto is the CPU'),
  threads: z.int().min(1).max(1024).optional().describe("threads of the CPU; the runtime's choice where not set"),
});
export type SharedOptions = z.output<typeof sharedSchema>;

/** Options that only flags can set. */
export const flagSchema = z.object({
  config: z.string().optional().describe('YAML file with options of the command by their names; flags win'),
  json: z.boolean().default(false).describe('print one JSON document on stdout, everything else on stderr'),
});

/** What was on the command line, still as text. */
export interface Flags {
  /** By {@link OptionSpec.key}. */
  readonly values: ReadonlyMap<string, unknown>;
  readonly config: string | undefined;
  /** Flags that no option has, and arguments that no option takes. */
  readonly unknownFlags: readonly string[];
  readonly excess: readonly string[];
}

/**
 * Puts flags and config file together (flags win) and checks them against the schema.
 * @param command as in messages: `rvpt defend`
 * @throws InputError (`usage`) that lists every problem of both.
 */
export async function resolveOptions<Shape extends z.ZodRawShape>(
  command: string,
  schema: z.ZodObject<Shape>,
  specs: readonly OptionSpec[],
  flags: Flags,
): Promise<z.output<z.ZodObject<Shape>>> {
  const names = specs.map((spec) => spec.name);
  const config = flags.config === undefined ? undefined : await readConfigFile(flags.config);
  const problems: string[] = [...(config?.problems ?? [])];
  const values = new Map<string, { value: unknown; label: string }>();
  for (const [name, value] of config?.values ?? []) {
    const spec = specs.find((candidate) => candidate.name === name);
    if (spec === undefined) problems.push(`${name} in ${flags.config ?? ''}: no such option${suggest(name, names)}`);
    else values.set(spec.key, { value: fromYaml(spec, value), label: `${name} in ${flags.config ?? ''}` });
  }
  for (const spec of specs) {
    const value = flags.values.get(spec.key);
    if (value !== undefined) values.set(spec.key, { value: fromText(spec, value), label: labelOf(spec) });
  }
  for (const flag of flags.unknownFlags) {
    const name = flag.replace(/^-+(no-)?/, '').replace(/=.*$/s, '');
    problems.push(`${flag}: no such option${suggest(name, [...names, ...flagNames], '--')}`);
  }
  const repeated = specs.find((spec) => spec.list && !spec.positional && flags.values.has(spec.key));
  const hint = repeated === undefined ? '' : `; --${repeated.name} stands before every value of its own`;
  problems.push(...flags.excess.map((argument) => `${JSON.stringify(argument)}: one argument too many${hint}`));

  const parsed = schema.safeParse(Object.fromEntries([...values].map(([key, { value }]) => [key, value])));
  // what follows an unknown flag may have been meant as anything, so nothing is called missing then
  const mayMiss = flags.unknownFlags.length > 0;
  for (const issue of parsed.error?.issues ?? []) {
    const key = String(issue.path[0] ?? '');
    const given = values.get(key);
    const spec = specs.find((candidate) => candidate.key === key);
    if (given !== undefined) {
      problems.push(`${given.label}: ${issue.message}, got ${JSON.stringify(given.value)}${choiceHint(spec, given)}`);
    } else if (spec === undefined) problems.push(issue.message);
    else if (!mayMiss || !spec.positional) problems.push(`${labelOf(spec)} is required`);
  }
  if (parsed.success && problems.length === 0) return parsed.data;
  throw new InputError({
    code: 'usage',
    operation: command,
    expected: 'options as its --help tells',
    received: problems.length === 1 ? 'a problem' : `${problems.length} problems`,
    fix: `\n  ${problems.join('\n  ')}\nSee \`${command} --help\`.`,
  });
}

const flagNames = Object.keys(flagSchema.shape);

/** `, did you mean …?` where one of `names` is close. */
function suggest(word: string, names: readonly string[], prefix = ''): string {
  return nearestNames(word, names, 1)
    .map((name) => `, did you mean ${prefix}${name}?`)
    .join('');
}

function labelOf(spec: OptionSpec): string {
  return spec.positional ? `<${spec.name}>` : `--${spec.name}`;
}

function choiceHint(spec: OptionSpec | undefined, given: { value: unknown }): string {
  return spec?.choices === undefined || typeof given.value !== 'string' ? '' : suggest(given.value, spec.choices);
}

/** Numbers are text on the command line; what is no number stays text, for the schema to refuse. */
function fromText(spec: OptionSpec, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => fromText(spec, item));
  if (spec.kind !== 'number' || typeof value !== 'string' || value.trim() === '') return value;
  const number = Number(value);
  return Number.isFinite(number) ? number : value;
}

/** YAML reads `target: 3` as a number where a name or an index may stand. */
function fromYaml(spec: OptionSpec, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => fromYaml(spec, item));
  return spec.kind === 'text' && Number.isSafeInteger(value) ? String(value) : value;
}
