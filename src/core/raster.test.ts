import { describe, expect, it } from 'vitest';

import { floatImage, raster, toFloatImage, toRaster } from './raster.js';

describe('images', () => {
  // two pixels: (0, 51, 102) and (153, 204, 255)
  const bytes = raster(2, 1, Uint8Array.of(0, 51, 102, 153, 204, 255));

  it('go from interleaved bytes to planes in [0, 1] and back', () => {
    const planes = toFloatImage(bytes);
    expect(Array.from(planes.data)).toEqual([0, 0.6, 0.2, 0.8, 0.4, 1].map(Math.fround));
    expect(toRaster(planes)).toEqual(bytes);
  });

  it('keep every byte through floats', () => {
    const all = raster(
      256,
      1,
      Uint8Array.from({ length: 768 }, (_, i) => i % 256),
    );
    expect(toRaster(toFloatImage(all))).toEqual(all);
  });

  it('round and clip on the way to bytes', () => {
    const { data } = toRaster(floatImage(1, 1, Float32Array.of(-0.2, 1.3, 100.6 / 255)));
    expect(Array.from(data)).toEqual([0, 255, 101]);
  });

  it('must have three values a pixel', () => {
    expect(() => raster(2, 2, new Uint8Array(4))).toThrow('2 by 2 pixels of 3 channels need 12 values, got 4');
    expect(() => floatImage(1, 1, new Float32Array(4))).toThrow(RangeError);
  });
});
