import { expect, test } from 'vitest';

import { unevenWeights } from '../../test/support/random-clip.js';
import { tinyArchitecture } from '../../test/support/tiny-clip.js';
import { raster } from '../core/raster.js';
import { clipPreprocess, toPixelValues } from '../data/preprocess.js';
import { OnnxRuntime } from '../node/onnx-runtime.js';
import { Random } from '../tensor/random.js';
import { tensor } from '../tensor/tensor.js';
import { ImageEncoder } from './image-encoder.js';
import { imageFeatures } from './image-features.js';

test('more images than go through at once have the features that each has alone, scaled to length 1', async () => {
  const weights = unevenWeights(tinyArchitecture, 2);
  const preprocess = clipPreprocess(4);
  const runtime = new OnnxRuntime({ threads: 2 });
  const random = Random.stream(0, 'crops');
  const crops = Array.from({ length: 37 }, () =>
    raster(
      4,
      4,
      Uint8Array.from({ length: 48 }, () => random.below(256)),
    ),
  );
  const features = await imageFeatures(runtime, weights, preprocess, crops);
  expect(features.shape).toEqual([37, 4]);
  await using encoder = await ImageEncoder.create(runtime, weights, { batch: 1 });
  for (const [i, crop] of crops.entries()) {
    const { embeddings } = await encoder.encode(tensor([1, 3, 4, 4], toPixelValues(crop, preprocess)));
    const length = Math.hypot(...embeddings.data);
    embeddings.data.forEach((value, k) => {
      expect(features.data[4 * i + k]).toBeCloseTo(value / length, 5);
    });
  }
});
