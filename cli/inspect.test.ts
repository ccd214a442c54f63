import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';

import { runInProcess } from '../test/support/run-in-process.js';
import { temporaryFolder } from '../test/support/temporary-folder.js';
import { inspect } from './inspect.js';

const golden = path.resolve(import.meta.dirname, '../test/golden/clip-tiny');

function run(...argv: string[]): ReturnType<typeof runInProcess> {
  return runInProcess(['inspect', ...argv], [inspect]);
}

test('the keys that scripts rely on', async () => {
  const { code, stdout, stderr } = await run(path.join(golden, 'hf'), '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  // W 128, F 512, 3 blocks, patch 16, 64 px; Wt 64, 2 blocks, context 24, vocabulary 600; E 32
  const block = (width: number): number => 2 * 2 * width + 4 * (width * width + width) + 8 * width * width + 5 * width;
  const vision = 128 + 128 * 3 * 256 + 17 * 128 + 2 * 2 * 128 + 3 * block(128) + 32 * 128;
  const text = 600 * 64 + 24 * 64 + 2 * block(64) + 2 * 64 + 32 * 64;
  const tower = { mlp_width: 512, activation: 'quick_gelu' };
  const digest = spawnSync('sha256sum', [path.join(golden, 'hf/model.safetensors')], { encoding: 'utf8' }).stdout;
  expect(JSON.parse(stdout)).toMatchObject({
    format: 'huggingface-safetensors',
    architecture: {
      vision: { image_size: 64, patch_size: 16, width: 128, layers: 3, heads: 2, ...tower },
      text: { context_length: 24, vocabulary_size: 600, width: 64, layers: 2, heads: 2, activation: 'quick_gelu' },
      embed_dim: 32,
    },
    parameters: { vision, text, total: vision + text + 1 },
    sha256: digest.split(' ')[0],
  });
});

test('people see the same, and what was assumed', async () => {
  const { code, stdout } = await run(path.join(golden, 'openai_state_dict.pt'));
  expect(code).toBe(0);
  for (const part of ['openai-torch-zip', '94 float32', '64 px in patches of 16', '700,032', '842,113']) {
    expect(stdout).toContain(part);
  }
});

test('a head count that cannot be is refused', async () => {
  const { code, stderr } = await run(path.join(golden, 'openai_state_dict.pt'), '--vision-heads', '3');
  expect(code).toBe(2);
  expect(stderr).toContain('128');
});

test('a path with nothing, and a folder without weights', async () => {
  await using folder = await temporaryFolder();
  const nothing = await run(path.join(folder.path, 'no'), '--json');
  expect(nothing.code).toBe(2);
  expect(JSON.parse(nothing.stdout)).toMatchObject({ error: { code: 'missing' } });
  expect((await run(folder.path)).code).toBe(2);
});
