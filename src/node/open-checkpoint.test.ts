import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { expect, test } from 'vitest';

import { temporaryFolder } from '../../test/support/temporary-folder.js';
import { tinyStateDict } from '../../test/support/tiny-clip.js';
import { writeSafetensors } from '../checkpoint/safetensors.js';
import { openCheckpointAt } from './open-checkpoint.js';

test('a path with nothing, an empty folder and a folder called like a file are bad input', async () => {
  await using folder = await temporaryFolder();
  await expect(openCheckpointAt(path.join(folder.path, 'nope.pt'))).rejects.toMatchObject({ code: 'missing' });
  await expect(openCheckpointAt(folder.path)).rejects.toThrow(/model\.safetensors.*an empty folder/);
  await mkdir(path.join(folder.path, 'model.safetensors'));
  await expect(openCheckpointAt(folder.path)).rejects.toMatchObject({ code: 'missing' });
});

test('its files are open until it is disposed of', async () => {
  await using folder = await temporaryFolder();
  await writeFile(path.join(folder.path, 'model.safetensors'), writeSafetensors(await tinyStateDict('huggingface')));
  const checkpoint = await openCheckpointAt(folder.path);
  const scale = checkpoint.tensors.get('logit_scale');
  expect(await scale?.read()).toEqual(Float32Array.of(Math.log(1 / 0.07)));
  await checkpoint[Symbol.asyncDispose]();
  await checkpoint[Symbol.asyncDispose]();
  await expect(scale?.read()).rejects.toThrow(/closed|EBADF/);
});
