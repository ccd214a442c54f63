import { describe, expect, it } from 'vitest';

import { raster, type Raster } from '../../core/raster.js';
import { blended } from './blended.js';

const image = raster(
  40,
  30,
  Uint8Array.from({ length: 3600 }, (_, i) => (i * 11) % 256),
);
const blend = (settings: object, on: Raster = image, imageKey = 'a') =>
  blended.create(settings).apply(on, { seed: 5, imageKey }).data;

describe('blended', () => {
  it('is one part noise and four parts image', () => {
    const noise = blend({ alpha: 1 });
    blend({}).forEach((value, i) => {
      expect(Math.abs(value - (0.8 * image.data[i] + 0.2 * noise[i]))).toBeLessThan(0.7); // roundings of both
    });
  });

  it('has noise that is uniform from black to white', () => {
    const noise = blend({ alpha: 1 });
    const mean = noise.reduce((sum, value) => sum + value, 0) / noise.length;
    const square = noise.reduce((sum, value) => sum + (value - mean) ** 2, 0) / noise.length;
    expect(Math.abs(mean - 127.5)).toBeLessThan(5); // 4 standard errors
    expect(Math.abs(Math.sqrt(square) - 255 / Math.sqrt(12))).toBeLessThan(3);
  });

  it('draws fixed noise from its pattern, whatever the seed of the run', () => {
    const other = blended.create({ alpha: 1 }).apply(image, { seed: 6, imageKey: 'a' }).data;
    expect(other).toEqual(blend({ alpha: 1 }));
    expect(blend({ alpha: 1, pattern: 1 })).not.toEqual(blend({ alpha: 1 }));
  });

  it('uses one noise for all images, or a fresh one for each', () => {
    const black = raster(40, 30, new Uint8Array(3600));
    expect(blend({ alpha: 1 }, black, 'b')).toEqual(blend({ alpha: 1 }, image, 'a'));
    expect(blend({ alpha: 1, noise: 'fresh' }, image, 'b')).not.toEqual(
      blend({ alpha: 1, noise: 'fresh' }, image, 'a'),
    );
  });
});
