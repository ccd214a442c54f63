import { readdir, readFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { expect, test } from 'vitest';

import { runInProcess } from '../test/support/run-in-process.js';
import { temporaryFolder } from '../test/support/temporary-folder.js';
import { convert } from './convert.js';
import { inspect } from './inspect.js';

const golden = path.resolve(import.meta.dirname, '../test/golden/clip-tiny');

function run(...argv: string[]): ReturnType<typeof runInProcess> {
  return runInProcess(argv, [convert, inspect]);
}

test('a pickle becomes safetensors with a config; the keys that scripts rely on', async () => {
  await using folder = await temporaryFolder();
  const out = path.join(folder.path, 'out');
  const pickle = path.join(golden, 'cleanclip_epoch_5.pt');
  const { code, stdout, stderr } = await run(
    ...['convert', '--model', pickle, '--to', 'huggingface', '--out', out],
    ...['--dtype', 'bf16', '--json'],
  );
  expect(code).toBe(0);
  expect(stderr).toContain('94 tensors were rounded to bfloat16.');
  expect(stderr).toContain('no tokenizer file');
  const bytes = await readFile(path.join(out, 'model.safetensors'));
  expect(JSON.parse(stdout)).toMatchObject({
    form: 'huggingface',
    out,
    dtypes: { bfloat16: 94 },
    untold: [],
    files: [
      { path: 'model.safetensors', bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') },
      { path: 'config.json' },
      { path: 'preprocessor_config.json' },
    ],
  });
  const report: unknown = JSON.parse((await run('inspect', out, '--json')).stdout);
  expect(report).toMatchObject({ format: 'huggingface-safetensors', dtypes: { bfloat16: 94 }, assumptions: [] });
});

test('what the form cannot tell ends with 2 and a list, or goes on and is told', async () => {
  await using folder = await temporaryFolder();
  const out = path.join(folder.path, 'out.safetensors');
  const argv = ['convert', '--model', path.join(golden, 'hf'), '--to', 'openai', '--out', out];
  const refused = await run(...argv);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain("2 text heads: OpenAI's code takes width / 64, here 1");
  expect(await readdir(folder.path)).toEqual([]);
  const told = await run(...argv, '--untold', 'note');
  expect(told.code).toBe(0);
  expect(told.stderr).toContain("not in the files: 2 text heads: OpenAI's code takes width / 64, here 1");
  expect(told.stdout).toContain('74 float32');
  expect(await readdir(folder.path)).toEqual(['out.safetensors']);
  expect((await run(...argv, '--untold', 'note')).code).toBe(2); // it is there now
});
