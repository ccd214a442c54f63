import { Command as Commander, Option } from 'commander';

import { currentVersions } from '../src/run/provenance.js';
import type { Command, Context } from './command.js';
import { exitCode, failureOf, Interrupted } from './exit.js';
import { describeOption, flagOf, optionsOf, placeholderOf, type OptionSpec } from './option-spec.js';
import { flagSchema, resolveOptions, sharedSchema, type Flags } from './options.js';
import { formatFor, type Stream } from './output.js';
import { consoleFor } from './progress.js';
import { shellWord } from './shell-word.js';

/** What the program needs of the process it runs in. */
export interface Host {
  readonly stdout: Stream;
  readonly stderr: NodeJS.WritableStream & Stream;
  /** Calls back at each Ctrl-C or request to end; the result stops listening. */
  onInterrupt(listener: (signal: 'SIGINT' | 'SIGTERM') => void): () => void;
  /** Ends the process at once, for whoever cannot wait. */
  exit(code: number): void;
}

const sharedOptions: readonly OptionSpec[] = optionsOf(sharedSchema);
const flagOptions: readonly OptionSpec[] = optionsOf(flagSchema);
const sharedGroup = 'Options of every command:';

/**
 * Runs one command line.
 * @param argv what stands after `rvpt`
 * @returns the exit code: 0 done, 1 a gate missed or a part failed, 2 bad usage or input, 70 a bug, 130 stopped by Ctrl-C.
 */
export async function runProgram(commands: readonly Command[], argv: readonly string[], host: Host): Promise<number> {
  const json = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined).includes('--json');
  const screen = consoleFor(host.stderr);
  const controller = new AbortController();
  const stopListening = host.onInterrupt((signal) => {
    const interrupted = new Interrupted(signal);
    if (controller.signal.aborted) host.exit(interrupted.exitCode);
    controller.abort(interrupted);
    screen.note('Stopping at the next safe place; Ctrl-C again stops at once.');
  });
  let resumeWith: string | undefined;
  let code: number = exitCode.done;

  const execute = async (command: Command, flags: Flags): Promise<void> => {
    if (command.options.some((spec) => spec.key === 'resume')) resumeWith = commandLine(withResume(argv));
    else if (command.resumable) resumeWith = commandLine(argv);
    const schema = command.schema.extend(sharedSchema.shape).strict();
    const specs = [...command.options, ...sharedOptions];
    const values = await resolveOptions(`rvpt ${command.name}`, schema, specs, flags);
    const context: Context = {
      ...sharedSchema.parse(values),
      signal: controller.signal,
      progress: screen,
      note: (line) => {
        screen.note(line);
      },
    };
    const result = await command.run(context, values);
    screen.close();
    host.stdout.write(`${json ? JSON.stringify(result.data) : result.text(formatFor(host.stdout))}\n`);
    const { missed = [], failed = [] } = result;
    for (const line of missed) screen.note(`gate missed: ${line}`);
    for (const line of failed) screen.note(`failed: ${line}`);
    if (missed.length + failed.length > 0) code = exitCode.incomplete;
  };

  try {
    await buildProgram(commands, host, execute).parseAsync(argv, { from: 'user' });
  } catch (thrown) {
    screen.close();
    const failure = failureOf(thrown, resumeWith);
    if (failure.message !== '') screen.note(failure.message);
    if (json && failure.data !== undefined) host.stdout.write(`${JSON.stringify(failure.data)}\n`);
    code = failure.exitCode;
  } finally {
    stopListening();
  }
  return code;
}

function buildProgram(
  commands: readonly Command[],
  host: Host,
  execute: (command: Command, flags: Flags) => Promise<void>,
): Commander {
  const program = new Commander('rvpt')
    .description('Clean backdoored CLIP models by Repulsive Visual Prompt Tuning')
    .version(currentVersions().rvpt, '--version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .configureHelp({ subcommandTerm: (sub) => `${sub.name()} ${sub.usage()}` })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => host.stdout.write(text),
      writeErr: (text) => host.stderr.write(text),
      outputError: () => undefined, // said once, by failureOf
    });
  for (const command of commands) {
    const words = command.name.split(' ');
    const parent = words.length === 1 ? program : groupOf(program, words[0], commands);
    const sub = parent
      .command(words[words.length - 1])
      .summary(command.summary)
      .description(sentenceOf(command))
      .usage(usageOf(command))
      .helpOption('-h, --help', 'show help')
      // the schema reports these together with all else
      .allowUnknownOption()
      .allowExcessArguments();
    for (const spec of command.options) {
      if (spec.positional) sub.argument(`[${placeholderOf(spec)}]`, describeOption(spec));
      else sub.addOption(commanderOption(spec));
    }
    for (const spec of [...sharedOptions, ...flagOptions]) sub.addOption(commanderOption(spec).helpGroup(sharedGroup));
    const examples = command.examples.map((example) => `  # ${example.description}\n  rvpt ${example.command}`);
    sub.addHelpText('after', `\nExamples:\n${examples.join('\n')}`);
    sub.action(() => execute(command, flagsOf(command, sub)));
  }
  return program;
}

/** `rvpt trigger`, for commands such as `trigger apply`; made when the first of them is. */
function groupOf(program: Commander, group: string, commands: readonly Command[]): Commander {
  const members = commands.map(({ name }) => name.split(' ')).flatMap(([first, own]) => (first === group ? [own] : []));
  return (
    program.commands.find((candidate) => candidate.name() === group) ??
    program
      .command(group)
      .summary(`${members.join(', ')}: see \`rvpt ${group} --help\``)
      .usage(`<${members.join('|')}>`)
      .helpOption('-h, --help', 'show help')
      .helpCommand(false)
  );
}

/** The summary as a sentence. */
export function sentenceOf({ summary }: Command): string {
  return `${summary[0].toUpperCase()}${summary.slice(1)}.`;
}

/** `[options] <model>`. */
export function usageOf(command: Command): string {
  const positionals = command.options.filter((spec) => spec.positional);
  const named = positionals.map((spec) => (spec.required ? `<${placeholderOf(spec)}>` : `[${placeholderOf(spec)}]`));
  return ['[options]', ...named].join(' ');
}

function commanderOption(spec: OptionSpec): Option {
  const option = new Option(flagOf(spec), describeOption(spec));
  if (spec.list) option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]);
  return option;
}

/** What commander read: options that were given, and the arguments dealt out to those without a flag. */
function flagsOf(command: Command, sub: Commander): Flags {
  const values = new Map<string, unknown>();
  const given: Record<string, unknown> = sub.opts();
  for (const [key, value] of Object.entries(given)) {
    if (sub.getOptionValueSource(key) === 'cli') values.set(key, value);
  }
  const firstUnknown = sub.args.findIndex((argument) => /^-./.test(argument));
  const known = firstUnknown === -1 ? [...sub.args] : sub.args.slice(0, firstUnknown);
  const unknown = firstUnknown === -1 ? [] : sub.args.slice(firstUnknown).filter((argument) => /^-./.test(argument));
  for (const spec of command.options.filter((option) => option.positional)) {
    const taken = known.splice(0, spec.list ? known.length : 1);
    if (taken.length > 0) values.set(spec.key, spec.list ? taken : taken[0]);
  }
  const config = values.get('config');
  values.delete('config');
  values.delete('json');
  return { values, config: typeof config === 'string' ? config : undefined, unknownFlags: unknown, excess: known };
}

function withResume(argv: readonly string[]): readonly string[] {
  return argv.includes('--resume') ? argv : [...argv, '--resume'];
}

/** The command line that goes on with an interrupted one, for a shell. */
function commandLine(words: readonly string[]): string {
  return ['npx rvpt', ...words.map(shellWord)].join(' ');
}
