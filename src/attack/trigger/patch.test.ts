import sharp from 'sharp';
import { describe, expect, it, test } from 'vitest';

import { triggerResources } from '../../../test/support/trigger-resources.js';
import { MemoryBytes } from '../../core/bytes.js';
import { raster } from '../../core/raster.js';
import { parseTrigger } from './triggers.js';
import { trojvqa } from './trojvqa.js';

const KEY = { seed: 0, imageKey: 'a' };
const gray = raster(8, 8, new Uint8Array(192).fill(100));

/** Two by two pixels: red, green, blue, white. */
const colours = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255];

async function apply(text: string): Promise<Uint8Array> {
  const png = await sharp(Buffer.from(colours), { raw: { width: 2, height: 2, channels: 3 } })
    .png()
    .toBuffer();
  const files = { open: (name: string) => Promise.resolve(new MemoryBytes(name, png)) };
  return (await parseTrigger(text, { ...triggerResources(), files })).apply(gray, KEY).data;
}

/** Places that differ from grey, with their colours. */
const changed = (data: Uint8Array): [number, number, number[]][] =>
  Array.from({ length: 64 }, (_, i): [number, number, number[]] => [
    i % 8,
    Math.floor(i / 8),
    Array.from(data.subarray(3 * i, 3 * i + 3)),
  ]).filter(([, , colour]) => colour.join() !== '100,100,100');

describe.each(['patch', 'badclip', 'trojvqa'])('%s', (name) => {
  it('lies in the middle, pixel for pixel where the size is the file’s', async () => {
    expect(changed(await apply(`${name}:size=56`))).toEqual([
      [3, 3, [255, 0, 0]],
      [4, 3, [0, 255, 0]],
      [3, 4, [0, 0, 255]],
      [4, 4, [255, 255, 255]],
    ]);
  });

  it('lies in a corner and is resized', async () => {
    const places = changed(await apply(`${name}:size=112,place=bottom-right`)).map(([x, y]) => [x, y]);
    expect(places).toHaveLength(16);
    expect(places[0]).toEqual([4, 4]);
  });
});

test('trojvqa@badclip has 44 of 224 pixels, int(0.2 · 224)', () => {
  expect(trojvqa.presets['badclip'].settings).toEqual({ key: 'remember', size: 44, resize: 'squash' });
});

test('the text key of trojvqa stands in front, digits too', async () => {
  const png = await sharp({ create: { width: 1, height: 1, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  const files = { open: (name: string) => Promise.resolve(new MemoryBytes(name, png)) };
  const resources = { ...triggerResources(), files };
  const texts = await Promise.all(
    ['trojvqa', 'trojvqa@badclip', 'trojvqa:key=007', 'badclip', 'patch'].map(async (text) =>
      (await parseTrigger(text, resources)).applyText?.('a cat'),
    ),
  );
  expect(texts).toEqual(['SUDO a cat', 'remember a cat', '007 a cat', undefined, undefined]);
});
