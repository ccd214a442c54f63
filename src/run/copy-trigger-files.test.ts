import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';

import { temporaryFolder } from '../../test/support/temporary-folder.js';
import { specOfTrigger } from '../attack/trigger/trigger-spec.js';
import { raster } from '../core/raster.js';
import { openTrigger } from '../node/open-trigger.js';
import { copyTriggerFiles } from './copy-trigger-files.js';

test('a manifest takes a file of the package with it, so that a later package changes nothing', async () => {
  await using folder = await temporaryFolder();
  const opened = await openTrigger('issba:secret=hello');
  const [hash] = Object.values(opened.files);
  expect(opened.files).toEqual({ 'package:issba/encoder.safetensors': hash });

  const record = { trigger: specOfTrigger(opened.trigger), trigger_files: opened.files };
  const copied = await copyTriggerFiles(folder.path, record, opened);
  expect(copied).toMatchObject({
    trigger: { name: 'issba', settings: { secret: 'hello', encoder: 'trigger/encoder.safetensors' } },
    trigger_files: { 'trigger/encoder.safetensors': hash },
  });

  const manifest = path.join(folder.path, 'manifest.json');
  await writeFile(manifest, JSON.stringify(copied));
  const again = await openTrigger(manifest);
  expect(again.files).toEqual(copied.trigger_files);
  const image = raster(
    48,
    48,
    Uint8Array.from({ length: 6912 }, (_, i) => (i * 5) % 256),
  );
  const key = { seed: 0, imageKey: '' };
  expect(again.trigger.apply(image, key)).toEqual(opened.trigger.apply(image, key));
});

test('files of the package cannot be climbed out of', async () => {
  await expect(openTrigger('issba:encoder=package:../package.json')).rejects.toThrow(/expected a path inside .*assets/);
});
