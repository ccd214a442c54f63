import { format } from 'prettier';

import type { Command } from '../cli/command.js';
import { describeOption, flagOf, optionsOf, type OptionSpec } from '../cli/option-spec.js';
import { flagSchema, sharedSchema } from '../cli/options.js';
import { sentenceOf, usageOf } from '../cli/program.js';
import { triggers } from '../src/attack/trigger/triggers.js';
import type { TriggerEntry } from '../src/attack/trigger/trigger.js';
import { settingsHelp } from '../src/core/catalog.js';

/** docs/cli.md: every command with its options and examples. test/cli-docs.test.ts writes and checks it. */
export async function makeCliDocs(commands: readonly Command[]): Promise<string> {
  const parts = [
    '# Command line',
    '_Made from the commands themselves by `npm run docs`._',
    '`npx rvpt <command>` in the repository, `rvpt <command>` where the package is installed.',
    ...commands.flatMap((command) => [
      `## rvpt ${command.name}`,
      sentenceOf(command),
      `Usage: \`rvpt ${command.name} ${usageOf(command)}\``,
      optionTable(command.options),
      ['```sh', ...command.examples.flatMap((one) => [`# ${one.description}`, `rvpt ${one.command}`]), '```'].join(
        '\n',
      ),
    ]),
    '## Options of every command',
    optionTable([...optionsOf(sharedSchema), ...optionsOf(flagSchema)]),
    '## Triggers',
    'What `--trigger` takes, with settings as in `badnet:size=32,place=center`; [triggers.md](triggers.md) tells what they ' +
      'act on. A preset such as `badnet@cleanclip` has the settings of public code, and those written behind it win.',
    ...triggers.flatMap(describeTrigger),
    '## Config files',
    'A `--config` file is YAML with the options by their names, without the dashes: `--min-ca 0.6` is `min-ca: 0.6`, ' +
      'what is given without a flag has the name shown in the usage line, and a repeated flag is a list. Flags win. ' +
      'Paths are taken from the working directory. Unknown names and wrong values, in the file and in the flags, are ' +
      'reported together.',
    '## Exit codes',
    [
      '| code | meaning |',
      '|---|---|',
      '| 0 | done |',
      '| 1 | a gate that was asked for was missed, or a part of an experiment failed |',
      '| 2 | bad usage or bad input: a message, no stack |',
      '| 70 | a bug: a stack, and what to report |',
      '| 130, 143 | stopped by Ctrl-C or SIGTERM at a safe place; the message says how to go on |',
    ].join('\n'),
    'With `--json`, stdout is exactly one JSON document; where the command fails it is ' +
      '`{"error": {"code": …, "message": …}}`. Progress and messages go to stderr.',
  ];
  return format(parts.join('\n\n'), { parser: 'markdown', printWidth: 120 });
}

function describeTrigger(entry: TriggerEntry): string[] {
  const settings = settingsHelp(entry).map(({ name, defaultValue, choices, description }) => {
    const chosen = choices.length === 0 ? '' : `; one of ${choices.map((choice) => `\`${choice}\``).join(', ')}`;
    return `| \`${name}=${defaultValue}\` | ${description}${chosen} |`;
  });
  const presets = Object.entries(entry.presets).map(([name, { summary, settings: own }]) => {
    const written = Object.entries(own).map(([key, value]) => `${key}=${String(value)}`);
    return `- \`${entry.name}@${name}\`: ${summary} (\`${written.join(',')}\`)`;
  });
  return [
    `### ${entry.name}`,
    `${entry.summary[0].toUpperCase()}${entry.summary.slice(1)}.`,
    ['| setting | meaning |', '|---|---|', ...settings].join('\n'),
    ...(presets.length === 0 ? [] : [presets.join('\n')]),
  ];
}

function optionTable(options: readonly OptionSpec[]): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  const name = (spec: OptionSpec): string => (spec.positional ? spec.name : flagOf(spec));
  const rows = options.map((spec) => {
    const needed = spec.required && !spec.positional ? ' (required)' : '';
    return `| \`${cell(name(spec))}\` | ${cell(describeOption(spec))}${needed} |`;
  });
  return ['| option | meaning |', '|---|---|', ...rows].join('\n');
}
