import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';

import { InputError } from '../src/core/errors.js';
import { currentVersions } from '../src/run/provenance.js';
import { runInProcess, type Outcome } from '../test/support/run-in-process.js';
import { temporaryFolder } from '../test/support/temporary-folder.js';
import { defineCommand, type Command, type Context } from './command.js';

/** Runs a command line of the `echo` command. */
function run(
  argv: readonly string[],
  commands: readonly Command[] = [echo()],
  interrupts: { press?: () => void } = {},
): Promise<Outcome> {
  return runInProcess(argv, commands, interrupts);
}

/** Gives back what it was given. */
function echo(act: (context: Context) => Promise<string[]> | string[] = () => []): Command {
  return defineCommand({
    name: 'echo',
    summary: 'give back the options',
    positionals: ['model'],
    options: z.object({
      model: z.string().describe('checkpoint'),
      maxAsr: z.number().min(0).max(1).optional().describe('highest attack success rate that passes'),
      shots: z.int().min(1).default(16).describe('images a class'),
      method: z.enum(['rvpt', 'vpt']).default('rvpt').describe('how to tune'),
      target: z.string().optional().describe('class name or index'),
      template: z.array(z.string()).default([]).describe('class prompt'),
      report: z.boolean().default(true).describe('leave out the report'),
      resume: z.boolean().default(false).describe('go on with a run'),
    }),
    examples: [{ description: 'the simplest', command: 'echo model.pt' }],
    async run(context, options) {
      context.note('working');
      const missed = await act(context);
      const { seed, device } = context;
      return {
        data: { ...options, maxAsr: options.maxAsr ?? null, target: options.target ?? null, seed, device },
        text: () => 'done',
        missed,
      };
    },
  });
}

const defaults = {
  model: 'm.pt',
  maxAsr: null,
  shots: 16,
  method: 'rvpt',
  target: null,
  template: [],
  report: true,
  resume: false,
  seed: 0,
  device: 'auto',
};

test('flags of every kind reach the command', async () => {
  const flags = ['--max-asr', '0.05', '--shots=4', '--method', 'vpt', '--target', '3', '--no-report', '--seed', '9'];
  const templates = ['--template', 'a {}.', '--template', 'the {}, again.'];
  const { code, stdout, stderr } = await run(['echo', 'm.pt', ...flags, ...templates, '--device', 'cpu', '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    ...defaults,
    maxAsr: 0.05,
    shots: 4,
    method: 'vpt',
    target: '3',
    report: false,
    template: ['a {}.', 'the {}, again.'],
    seed: 9,
    device: 'cpu',
  });
  expect(stderr).toBe('working\n');
});

test('without --json people get text on stdout', async () => {
  expect(await run(['echo', 'm.pt'])).toMatchObject({ code: 0, stdout: 'done\n', stderr: 'working\n' });
});

test('a config file sets options, flags win over it', async () => {
  await using folder = await temporaryFolder();
  const file = path.join(folder.path, 'run.yaml');
  await writeFile(
    file,
    'model: other.pt\nshots: 8\ntarget: 3\nmax-asr: 0.1\nreport: false\nseed: 5\ntemplate: ["x {}", "y {}"]\n',
  );
  const { stdout } = await run(['echo', '--config', file, 'm.pt', '--shots', '2', '--json']);
  const expected = { shots: 2, target: '3', maxAsr: 0.1, report: false, seed: 5, template: ['x {}', 'y {}'] };
  expect(JSON.parse(stdout)).toEqual({ ...defaults, ...expected });
});

test('every problem of flags and config is reported at once', async () => {
  await using folder = await temporaryFolder();
  const file = path.join(folder.path, 'run.yaml');
  await writeFile(file, 'shot: 8\nmax_asr: 0.1\nthreads: many\nmethod: rvtp\n__proto__: 1\njson: true\n');
  const { code, stdout, stderr } = await run([
    'echo',
    '--config',
    file,
    '--shots',
    'x',
    '--max-asr',
    '1.5',
    '--sed',
    '1',
  ]);
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr.split('\n')).toEqual([
    'error: rvpt echo: expected options as its --help tells, got 9 problems.',
    `  shot in ${file}: no such option, did you mean shots?`,
    `  max_asr in ${file}: no such option, did you mean max-asr?`,
    `  __proto__ in ${file}: no such option`,
    `  json in ${file}: no such option`,
    '  --sed: no such option, did you mean --seed?',
    '  --max-asr: Too big: expected number to be <=1, got 1.5',
    '  --shots: Invalid input: expected number, received string, got "x"',
    expect.stringMatching(`^  method in ${file}: .*"rvpt"\\|"vpt", got "rvtp", did you mean rvpt\\?$`),
    expect.stringMatching(`^  threads in ${file}: .*got "many"$`),
    'See `rvpt echo --help`.',
    '',
  ]);
});

test('what is missing and what is too much', async () => {
  expect((await run(['echo'])).stderr).toContain('<model> is required');
  expect((await run(['echo', 'a', 'b', 'c'])).stderr).toContain(
    '2 problems.\n  "b": one argument too many\n  "c": one',
  );
  expect((await run(['echo', 'a', '--template', 'b', 'c'])).stderr).toContain(
    '"c": one argument too many; --template stands before every value of its own',
  );
  const missing = await run(['echo', 'a', '--shots']);
  expect(missing.code).toBe(2);
  expect(missing.stderr).toContain("option '--shots <number>' argument missing");
});

test.each([
  ['no config', undefined, 'nothing at that path'],
  ['broken YAML', 'shots: [1\n', 'line'],
  ['a list', '- shots\n', 'expected lines of `option: value`'],
  ['a key twice', 'shots: 1\nshots: 2\n', 'unique'],
  ['aliases that explode', bomb(), 'alias'],
  ['nesting without end', '['.repeat(30_000), 'call stack'],
])('a config file that is none: %s', async (_name, content, message) => {
  await using folder = await temporaryFolder();
  const file = path.join(folder.path, 'run.yaml');
  if (content !== undefined) await writeFile(file, content);
  const { code, stderr } = await run(['echo', 'm.pt', '--config', file]);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
  expect(stderr).not.toContain('    at ');
});

function bomb(): string {
  const levels = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(', ')}]`);
  return ['a0: &a0 [x]', ...levels].join('\n');
}

test('an empty config is no problem', async () => {
  await using folder = await temporaryFolder();
  const file = path.join(folder.path, 'run.yaml');
  await writeFile(file, '# nothing yet\n');
  expect((await run(['echo', 'm.pt', '--config', file])).code).toBe(0);
});

test('a missed gate: the result, and exit code 1', async () => {
  const outcome = await run(['echo', 'm.pt', '--json'], [echo(() => ['asr 0.3 > 0.05'])]);
  expect(outcome.code).toBe(1);
  expect(JSON.parse(outcome.stdout)).toEqual(defaults);
  expect(outcome.stderr).toBe('working\ngate missed: asr 0.3 > 0.05\n');
});

test('bad input: a message without a stack, exit code 2, one JSON document', async () => {
  const fail = (): never => {
    throw new InputError({ code: 'data', operation: 'read images', expected: 'two classes', received: 'one' });
  };
  const message = 'read images: expected two classes, got one.';
  expect(await run(['echo', 'm.pt', '--json'], [echo(fail)])).toMatchObject({
    code: 2,
    stdout: `${JSON.stringify({ error: { code: 'data', message } })}\n`,
    stderr: `working\nerror: ${message}\n`,
  });
});

test('a bug: a stack, where to report it, exit code 70', async () => {
  const fail = (): never => {
    throw new TypeError('x is not a function');
  };
  const { code, stdout, stderr } = await run(['echo', 'm.pt'], [echo(fail)]);
  expect(code).toBe(70);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/TypeError: x is not a function\n {4}at .*program\.test\.ts/);
  expect(stderr).toContain('Please report it');
  expect(stderr).toContain(`node ${process.versions.node}`);
});

test('Ctrl-C lets the command stop, says how to resume, exits with 130', async () => {
  const keys: { press?: () => void } = {};
  const work = (context: Context): string[] => {
    keys.press?.();
    context.signal.throwIfAborted();
    return [];
  };
  const outcome = await run(['echo', "it's a model.pt", '--shots', '4'], [echo(work)], keys);
  expect(outcome).toMatchObject({ code: 130, stdout: '', exits: [] });
  expect(outcome.stderr).toContain(`To go on: npx rvpt echo 'it'\\''s a model.pt' --shots 4 --resume\n`);
  expect(keys.press).toBeUndefined();
});

test('a second Ctrl-C ends at once', async () => {
  const keys: { press?: () => void } = {};
  const work = (): string[] => {
    keys.press?.();
    keys.press?.();
    return [];
  };
  expect((await run(['echo', 'm.pt'], [echo(work)], keys)).exits).toEqual([130]);
});

test('progress that a failing command left open is ended', async () => {
  const work = (context: Context): never => {
    context.progress.begin('tuning', 10, 'steps').update(3);
    throw new Error('broken');
  };
  expect((await run(['echo', 'm.pt'], [echo(work)])).stderr).toContain('tuning: 3 of 10 steps in');
});

test('help shows options, shared options and examples; version shows the version', async () => {
  const help = await run(['echo', '--help']);
  expect(help).toMatchObject({ code: 0, stderr: '' });
  expect(help.stdout).toContain('Usage: rvpt echo [options] <model>');
  expect(help.stdout).toMatch(/--shots <number> +images a class \(default: 16\)/);
  expect(help.stdout).toMatch(/--no-report +leave out the report/);
  expect(help.stdout).toMatch(/Options of every command:\n +--seed/);
  expect(help.stdout).toContain('Examples:\n  # the simplest\n  rvpt echo model.pt');
  expect(await run(['--version'])).toMatchObject({ code: 0, stdout: `${currentVersions().rvpt}\n` });
  expect((await run(['--help'])).stdout).toMatch(/echo .*give back the options/);
});

test('no command, and one that is none', async () => {
  const none = await run([]);
  expect(none.code).toBe(2);
  expect(none.stderr).toContain('Usage: rvpt');
  expect(none.stderr).toMatch(/error: no command given\n$/);
  const wrong = await run(['ehco', '--json']);
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toBe("error: unknown command 'ehco'\n(Did you mean echo?)\n");
  expect(JSON.parse(wrong.stdout)).toMatchObject({ error: { code: 'usage' } });
});
