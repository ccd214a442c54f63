import path from 'node:path';
import { expect, it } from 'vitest';

import { triggerResources } from '../../../test/support/trigger-resources.js';
import { raster } from '../../core/raster.js';
import { builtInFiles } from '../../node/assets.js';
import { DiskFolder } from '../../node/files.js';
import { readIssba } from '../../run/train-issba.js';
import { secretBits } from '../issba/issba-secret.js';
import { parseTrigger } from './triggers.js';

const folder = path.join(builtInFiles().name, 'issba');
const KEY = { seed: 0, imageKey: '' };
const image = raster(
  48,
  48,
  Uint8Array.from({ length: 6912 }, (_, i) => 90 + (i % 3) * 30 + Math.floor(i / 300)),
);

it('hides the bits of its secret, the same whatever seed and name the image has', async () => {
  const { decoder } = await readIssba(folder);
  const trigger = await parseTrigger('issba', triggerResources());
  const hidden = trigger.apply(image, KEY);
  const wrong = decoder.bits(hidden).filter((bit, i) => bit !== secretBits('Stega!!')[i]);
  expect(wrong.length).toBeLessThanOrEqual(1);
  expect(trigger.apply(image, { seed: 9, imageKey: 'other' })).toEqual(hidden);
});

it('takes another secret, strength and encoder', async () => {
  const { encoder } = await readIssba(folder);
  const files = new DiskFolder(folder);
  const text = 'issba:secret=0123,strength=2,encoder=encoder.safetensors';
  const trigger = await parseTrigger(text, { ...triggerResources(), files });
  expect(trigger.apply(image, KEY)).toEqual(encoder.hide(image, secretBits('0123'), 2));
  expect(trigger.apply(image, KEY)).not.toEqual(encoder.hide(image, secretBits('0123')));
});

it('refuses a file that is no encoder', async () => {
  const files = new DiskFolder(folder);
  await expect(parseTrigger('issba:encoder=decoder.safetensors', { ...triggerResources(), files })).rejects.toThrow(
    /read the ISSBA encoder in .*decoder\.safetensors/,
  );
  await expect(parseTrigger('issba:secret=', triggerResources())).rejects.toThrow(/secret: /);
});
