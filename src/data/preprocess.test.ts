import { describe, expect, test } from 'vitest';

import { raster } from '../core/raster.js';
import { huggingFacePreprocess, preprocessFromHuggingFace, preprocessFromOpenClip } from './preprocess-config.js';
import { clipPreprocess, cropImage, toPixelValues } from './preprocess.js';
import { roundHalfToEven } from './rounding.js';

const columns = (width: number, height: number): Uint8Array =>
  Uint8Array.from({ length: width * height * 3 }, (_, i) => Math.floor(i / 3) % width);

test('halves round to the even neighbour, as in Python', () => {
  expect([0.5, 1.5, 2.5, 3.5, -0.5, -1.5, 2.4, 2.6].map(roundHalfToEven)).toEqual([0, 2, 2, 4, -0, -2, 2, 3]);
});

describe('cropImage', () => {
  test.each([
    [5, 0], // (5 - 4) / 2 = 0.5 rounds to 0
    [7, 2], // 1.5 rounds to 2
    [8, 2],
  ])('the crop of a row of %i columns begins at column %i', (width, first) => {
    const { data } = cropImage(raster(width, 4, columns(width, 4)), clipPreprocess(4));
    expect([data[0], data[3], data[6], data[9]]).toEqual([first, first + 1, first + 2, first + 3]);
  });

  test('squash looks at the whole of the long side', () => {
    const image = raster(8, 2, columns(8, 2));
    const { data } = cropImage(image, { ...clipPreprocess(2), resizeMode: 'squash' });
    // the kernel's values at 3/8, 1/8, 1/8, 3/8, 5/8, 7/8, 9/8, 11/8: 0.728, 0.964, 0.964, 0.728, 0.390, 0.091,
    // -0.048, -0.073, sum 3.742; of 0 … 7 that makes 6.286 / 3.742 = 1.68, and 7 - 1.68 from the other end
    expect([data[0], data[3]]).toEqual([2, 5]);
  });

  test('colours under full transparency stay out of their neighbours, but remain where nothing is resized', () => {
    const image = {
      ...raster(2, 2, Uint8Array.of(255, 0, 0, 9, 8, 7, 255, 0, 0, 9, 8, 7)),
      alpha: Uint8Array.of(0, 255, 0, 255),
    };
    // half of 9, 8, 7 is 5, 4, 4, the alpha 128, and 255 / 128 of these are cut, as Pillow cuts them
    expect(cropImage(image, clipPreprocess(1)).data).toEqual(Uint8Array.of(9, 7, 7));
    expect(cropImage(image, clipPreprocess(2)).data).toEqual(image.data);
  });

  test('an image of one pixel and a long sliver are made square', () => {
    expect(cropImage(raster(1, 1, Uint8Array.of(9, 8, 7)), clipPreprocess(2)).data).toEqual(
      Uint8Array.of(9, 8, 7, 9, 8, 7, 9, 8, 7, 9, 8, 7),
    );
    const sliver = raster(1, 20_000, new Uint8Array(60_000).fill(5));
    expect(cropImage(sliver, clipPreprocess(224)).data.every((value) => value === 5)).toBe(true);
  });
});

describe('toPixelValues', () => {
  test('puts channels apart and normalises each by its own mean and deviation', () => {
    const crop = raster(2, 1, Uint8Array.of(0, 128, 255, 255, 0, 51));
    const values = toPixelValues(crop, { ...clipPreprocess(2), mean: [0.5, 0, 0.2], std: [0.25, 1, 0.4] });
    const expected = [-2, 2, 128 / 255, 0, 2, 0];
    expect(values).toHaveLength(6);
    for (const [i, value] of expected.entries()) expect(values[i]).toBeCloseTo(value, 6);
  });

  test('CLIP’s mean and deviation: black and white', () => {
    const values = toPixelValues(raster(2, 1, Uint8Array.of(0, 0, 0, 255, 255, 255)), clipPreprocess(2));
    const expected = [-1.7922626, 1.9303361, -1.7520971, 2.0748837, -1.4802198, 2.1458972];
    for (const [i, value] of expected.entries()) expect(values[i]).toBeCloseTo(value, 5);
  });

  test('writes into the slice it is given', () => {
    const batch = new Float32Array(8);
    toPixelValues(
      raster(1, 1, Uint8Array.of(255, 255, 255)),
      { ...clipPreprocess(1), mean: [0, 0, 0], std: [1, 1, 1] },
      batch.subarray(3, 6),
    );
    expect([...batch]).toEqual([0, 0, 0, 1, 1, 1, 0, 0]);
    expect(() => toPixelValues(raster(1, 1, Uint8Array.of(1, 1, 1)), clipPreprocess(1), batch)).toThrow(RangeError);
  });
});

describe('preprocessing from a model’s files', () => {
  const clipConfig = {
    crop_size: 224,
    do_center_crop: true,
    do_normalize: true,
    do_resize: true,
    feature_extractor_type: 'CLIPFeatureExtractor',
    image_mean: [0.48145466, 0.4578275, 0.40821073],
    image_std: [0.26862954, 0.26130258, 0.27577711],
    resample: 3,
    size: 224,
  };

  test('CLIP’s own config, in the old form and the new, is CLIP’s own preprocessing', () => {
    expect(preprocessFromHuggingFace(clipConfig, 'p', 224)).toEqual(clipPreprocess(224));
    const recent = {
      ...clipConfig,
      size: { shortest_edge: 224 },
      crop_size: { height: 224, width: 224 },
      do_rescale: true,
      rescale_factor: 0.00392156862745098,
    };
    expect(preprocessFromHuggingFace(recent, 'p', 224)).toEqual(clipPreprocess(224));
    expect(preprocessFromHuggingFace({}, 'p', 336)).toEqual(clipPreprocess(336));
  });

  test('a larger short side, a square and no normalisation are understood', () => {
    expect(preprocessFromHuggingFace({ size: { shortest_edge: 256 } }, 'p', 224)).toEqual({
      ...clipPreprocess(224),
      resizeTo: 256,
    });
    const square = { size: { height: 64, width: 64 }, do_center_crop: false, do_normalize: false };
    expect(preprocessFromHuggingFace(square, 'p', 64)).toEqual({
      imageSize: 64,
      resizeTo: 64,
      resizeMode: 'squash',
      mean: [0, 0, 0],
      std: [1, 1, 1],
    });
  });

  test('all that is not understood is reported at once', () => {
    const wrong = { resample: 2, rescale_factor: 1, image_std: [1, 0, 1], size: 'big' };
    expect(() => preprocessFromHuggingFace(wrong, 'preprocessor_config.json', 224)).toThrow(
      /preprocessor_config\.json.*size.*resample: only 3, bicubic.*rescale_factor: only 1\/255.*image_std\.1/s,
    );
    expect(() => preprocessFromHuggingFace(clipConfig, 'p', 336)).toThrow('sides of 224 where the model reads 336');
    expect(() => preprocessFromHuggingFace({ size: 100 }, 'p', 224)).toThrow('size: 100 is less than the crop of 224');
  });

  test('open_clip’s preprocess_cfg', () => {
    const config = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], interpolation: 'bicubic', resize_mode: 'squash' };
    expect(preprocessFromOpenClip(config, 'o', 224)).toEqual({
      imageSize: 224,
      resizeTo: 224,
      resizeMode: 'squash',
      mean: [0.5, 0.5, 0.5],
      std: [0.5, 0.5, 0.5],
    });
    expect(() => preprocessFromOpenClip({ interpolation: 'bilinear', resize_mode: 'longest' }, 'o', 224)).toThrow(
      /interpolation: only bicubic; resize_mode: only shortest or squash/,
    );
  });
});

test('what is written as preprocessor_config.json is read as the same', () => {
  for (const preprocess of [
    clipPreprocess(48),
    { ...clipPreprocess(64), resizeTo: 72 },
    { ...clipPreprocess(32), resizeMode: 'squash' as const },
  ]) {
    expect(preprocessFromHuggingFace(huggingFacePreprocess(preprocess), 'p', preprocess.imageSize)).toEqual(preprocess);
  }
});
