import path from 'node:path';
import { beforeAll, describe, expect, it, test } from 'vitest';

import { writeSafetensors, type WritableTensor } from '../../checkpoint/safetensors.js';
import { MemoryBytes } from '../../core/bytes.js';
import { raster, type Raster } from '../../core/raster.js';
import { resizeImage } from '../../data/resize.js';
import { builtInFiles } from '../../node/assets.js';
import { loadEmojiAtlas } from '../../node/emoji-atlas.js';
import { Random } from '../../tensor/random.js';
import { sizeOf } from '../../tensor/shape.js';
import { readIssba } from '../../run/train-issba.js';
import { renderScene } from '../../world/render.js';
import { taskDataset } from '../../world/task-dataset.js';
import { addResidual, IssbaDecoder, IssbaEncoder, type IssbaCodec } from './issba-codec.js';
import { issbaTensors } from './issba-network.js';
import { secretBits } from './issba-secret.js';
import { measureIssba, psnr } from './measure-issba.js';

test('psnr by hand', () => {
  const black = raster(1, 1, Uint8Array.of(0, 0, 0));
  // mean square (0 + 9 + 36) / 3 = 15
  expect(psnr(black, raster(1, 1, Uint8Array.of(0, 3, 6)))).toBeCloseTo(10 * Math.log10((255 * 255) / 15), 10);
});

test('a residual is scaled, stretched, added, rounded and clipped', () => {
  const residual = new Float32Array(48 * 48 * 3).fill(0.1);
  const image = raster(2, 1, Uint8Array.of(0, 100, 240, 10, 20, 30));
  expect([...addResidual(image, residual).data]).toEqual([26, 126, 255, 36, 46, 56]); // 25.5 is rounded to even
  expect([...addResidual(image, residual, -0.5).data]).toEqual([0, 87, 227, 0, 7, 17]); // less 12.75
});

describe('the encoder of the package', () => {
  let codec: IssbaCodec;
  let scenes: Raster[];
  beforeAll(async () => {
    codec = await readIssba(path.join(builtInFiles().name, 'issba'));
    const atlas = await loadEmojiAtlas();
    const styles = atlas.styles.map(({ name }) => name);
    const drawn = taskDataset(atlas, 'b', { split: 'test', perClass: 1, styles, seed: 5 });
    scenes = drawn.scenes.map(({ scene }) => renderScene(atlas, scene));
  });

  it('hides bits that are found again, invisibly, in scenes and styles that it never saw', () => {
    const measured = measureIssba(codec, scenes, 1);
    expect(measured.images).toBe(scenes.length);
    expect(measured.bit_accuracy).toBeGreaterThanOrEqual(0.95);
    expect(measured.psnr).toBeGreaterThanOrEqual(28);
  });

  it('adds another residual to every image and for every secret', () => {
    const [first, second] = scenes;
    const residual = codec.encoder.residual(first, secretBits('Stega!!'));
    const distance = (other: Float32Array): number =>
      Math.hypot(...other.map((value, i) => value - residual[i])) / Math.hypot(...residual);
    expect(distance(codec.encoder.residual(first, secretBits('Stega!!')))).toBe(0);
    expect(distance(codec.encoder.residual(second, secretBits('Stega!!')))).toBeGreaterThan(0.2);
    expect(distance(codec.encoder.residual(first, secretBits('another')))).toBeGreaterThan(0.5);
  });

  it('works at other sizes than its own', () => {
    const random = Random.stream(2, 'issba sizes');
    let found = 0;
    const large = scenes.slice(0, 8).map((scene) => resizeImage(scene, { width: 160, height: 120 }));
    for (const image of large) {
      const bits = Array.from({ length: 32 }, () => 2 * random.below(2) - 1);
      const hidden = codec.encoder.hide(image, bits);
      expect(hidden).toMatchObject({ width: 160, height: 120 });
      codec.decoder.bits(hidden).forEach((bit, i) => (found += Number(bit === bits[i])));
    }
    expect(found / (32 * large.length)).toBeGreaterThanOrEqual(0.9);
  });
});

describe('a weight file', () => {
  const written = (change: (tensors: Map<string, WritableTensor>) => void): MemoryBytes => {
    const tensors = new Map<string, WritableTensor>(
      issbaTensors.encoder.map(({ name, shape }) => [name, { shape, data: new Float32Array(sizeOf(shape)) }]),
    );
    change(tensors);
    return new MemoryBytes('encoder.safetensors', writeSafetensors(tensors));
  };

  it('is taken when it is whole, and makes a residual of 0 of weights of 0', async () => {
    const encoder = await IssbaEncoder.read(written(() => undefined));
    const image = raster(3, 3, new Uint8Array(27).fill(99));
    expect(encoder.hide(image, secretBits('a'))).toEqual(image);
  });

  it('is refused with all that is wrong with it', async () => {
    const file = written((tensors) => {
      tensors.delete('encoder.residual.bias');
      tensors.set('encoder.position_embedding', { shape: [1, 2], data: new Float32Array(2) });
      tensors.set('extra', { shape: [1], data: new Float32Array(1) });
      tensors.set('encoder.block.up.bias', { shape: [128], data: new Float32Array(128).fill(NaN) });
    });
    await expect(IssbaEncoder.read(file)).rejects.toThrow(
      new RegExp(
        [
          'read the ISSBA encoder in encoder\\.safetensors: .*',
          'encoder\\.position_embedding is \\[1, 2\\] instead of \\[36, 64\\]',
          'encoder\\.block\\.up\\.bias holds values that are not finite',
          'encoder\\.residual\\.bias is missing',
          '"extra" is not part of it',
        ].join('[^]*'),
      ),
    );
    await expect(IssbaDecoder.read(written(() => undefined))).rejects.toThrow(
      /decoder\.patch_embedding\.weight is missing/,
    );
  });
});
