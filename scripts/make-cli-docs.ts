import { format } from 'prettier';

import type { Command } from '../cli/command.js';
import { describeOption, flagOf, optionsOf, type OptionSpec } from '../cli/option-spec.js';
import { flagSchema, sharedSchema } from '../cli/options.js';
import { sentenceOf, usageOf } from '../cli/program.js';

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
      '| 1 | a gate that was asked for was missed |',
      '| 2 | bad usage or bad input: a message, no stack |',
      '| 70 | a bug: a stack, and what to report |',
      '| 130, 143 | stopped by Ctrl-C or SIGTERM at a safe place; the message says how to go on |',
    ].join('\n'),
    'With `--json`, stdout is exactly one JSON document; where the command fails it is ' +
      '`{"error": {"code": …, "message": …}}`. Progress and messages go to stderr.',
  ];
  return format(parts.join('\n\n'), { parser: 'markdown', printWidth: 120 });
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
