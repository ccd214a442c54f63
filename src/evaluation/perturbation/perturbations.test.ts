import { describe, expect, it } from 'vitest';

import { floatImage, type FloatImage } from '../../core/raster.js';
import { colorJitter } from './color-jitter.js';
import { gaussianBlur } from './gaussian-blur.js';
import { gaussianNoise } from './gaussian-noise.js';
import { horizontalFlip } from './horizontal-flip.js';
import { parsePerturbation, perturbations } from './perturbations.js';

const KEY = { seed: 11, imageKey: 'dog/2.png' };

/** An image without two equal values, in (0, 1). */
function pattern(width: number, height: number): FloatImage {
  const size = width * height * 3;
  return floatImage(
    width,
    height,
    Float32Array.from({ length: size }, (_, i) => (((i * 37) % size) + 0.5) / size),
  );
}

describe.each(perturbations.map((entry) => [entry.name, entry] as const))('%s', (name, entry) => {
  it('gives the same pixels for the same seed and image, whatever came before', () => {
    const perturbation = entry.create();
    const first = perturbation.apply(pattern(6, 5), KEY);
    perturbation.apply(pattern(6, 5), { seed: 1, imageKey: 'other' });
    expect(parsePerturbation(name).apply(pattern(6, 5), { ...KEY })).toEqual(first);
  });

  it.each([
    [7, 3],
    [1, 4],
    [1, 1],
  ])('changes a copy of the same size, %i by %i', (width, height) => {
    const image = pattern(width, height);
    const { width: w, height: h, data } = entry.create().apply(image, KEY);
    expect([w, h, data.length]).toEqual([width, height, width * height * 3]);
    expect(data).not.toBe(image.data);
    expect(image).toEqual(pattern(width, height));
  });
});

describe('gaussian noise', () => {
  const image = pattern(100, 100);
  const noiseOf = (std: number, imageKey: string) => {
    const { data } = gaussianNoise.create({ std }).apply(image, { seed: 1, imageKey });
    return Array.from(data, (value, i) => value - image.data[i]);
  };

  it('has mean 0 and the deviation asked for, and does not clip', () => {
    const noise = noiseOf(0.5, 'a');
    const mean = noise.reduce((sum, value) => sum + value, 0) / noise.length;
    const variance = noise.reduce((sum, value) => sum + (value - mean) ** 2, 0) / noise.length;
    expect(Math.abs(mean)).toBeLessThan(0.012); // 4 standard errors
    expect(Math.abs(Math.sqrt(variance) - 0.5)).toBeLessThan(0.0085);
    const beyond = noise.filter((value) => Math.abs(value) > 1).length / noise.length;
    expect(beyond).toBeCloseTo(0.0455, 2); // two deviations
  });

  it('survives at the default of 0.001, which bytes would swallow', () => {
    const largest = Math.max(...noiseOf(0.001, 'a').map(Math.abs));
    expect(largest).toBeGreaterThan(0.003);
    expect(largest).toBeLessThan(0.006);
  });

  it('is another one for another image', () => {
    expect(noiseOf(0.1, 'a')).not.toEqual(noiseOf(0.1, 'b'));
  });
});

describe('gaussian blur', () => {
  /** The definition: a square kernel, normalised as a whole, over pixels mirrored at the edge. */
  function naive(image: FloatImage, kernel: number, variance: number): number[] {
    const { width, height, data } = image;
    const radius = (kernel - 1) / 2;
    const mirror = (at: number, count: number): number =>
      at < 0 ? mirror(-at, count) : at >= count ? mirror(2 * count - 2 - at, count) : at;
    return Array.from(data, (_, i) => {
      const [x, y, plane] = [i % width, Math.floor(i / width) % height, Math.floor(i / width / height)];
      let sum = 0;
      let total = 0;
      for (let dy = -radius; dy <= radius; dy++) {
        for (let dx = -radius; dx <= radius; dx++) {
          const weight = Math.exp(-(dx * dx + dy * dy) / (2 * variance));
          total += weight;
          sum += weight * data[(plane * height + mirror(y + dy, height)) * width + mirror(x + dx, width)];
        }
      }
      return sum / total;
    });
  }

  it.each([
    [3, 5, 8, 6],
    [5, 0.7, 7, 9],
    [9, 2, 4, 3], // mirrored more than once
    [1, 1, 3, 3],
  ])('equals its definition: kernel %i, variance %d, %i by %i pixels', (kernel, variance, width, height) => {
    const image = pattern(width, height);
    const blurred = gaussianBlur.create({ kernel, variance }).apply(image, KEY).data;
    naive(image, kernel, variance).forEach((value, i) => {
      expect(blurred[i]).toBeCloseTo(value, 6);
    });
  });

  it('spreads a point as the default kernel says', () => {
    const point = floatImage(3, 3, new Float32Array(27));
    point.data[4] = 1; // the middle of the red plane
    const { data } = gaussianBlur.create().apply(point, KEY);
    // one-dimensional weights: e^(−1/10) = 0.904837, so 0.322041 and 0.355914 (side and middle: 1/2.809675)
    const [side, middle] = [0.904837 / 2.809675, 1 / 2.809675];
    // a mirrored edge sees the middle twice
    expect(data[4]).toBeCloseTo(middle * middle, 6);
    expect(data[3]).toBeCloseTo(2 * side * middle, 6);
    expect(data[0]).toBeCloseTo(4 * side * side, 6);
    expect(data.subarray(9)).toEqual(new Float32Array(18));
  });

  it('refuses an even kernel', () => {
    expect(() => gaussianBlur.create({ kernel: 4 })).toThrow(/kernel: must be odd/);
  });
});

describe('color jitter', () => {
  /** Textbook RGB → HSV → RGB, by sixths of the circle. */
  function turnHue([r, g, b]: readonly number[], turn: number): number[] {
    const max = Math.max(r, g, b);
    const delta = max - Math.min(r, g, b);
    let hue = 0;
    if (delta > 0) {
      if (max === r) hue = (g - b) / delta;
      else if (max === g) hue = (b - r) / delta + 2;
      else hue = (r - g) / delta + 4;
    }
    hue = (((hue / 6 + turn) % 1) + 1) % 1;
    const saturation = max === 0 ? 0 : delta / max;
    const sector = Math.floor(hue * 6);
    const f = hue * 6 - sector;
    const [p, q, t] = [max * (1 - saturation), max * (1 - f * saturation), max * (1 - (1 - f) * saturation)];
    return [
      [max, t, p],
      [q, max, p],
      [p, max, t],
      [p, q, max],
      [t, p, max],
      [max, p, q],
    ][sector % 6];
  }

  const image = pattern(10, 10);
  const colorAt = ({ data }: FloatImage, i: number): number[] => [data[i], data[100 + i], data[200 + i]];
  const jitter = (settings: object, on: FloatImage, imageKey: string) =>
    colorJitter.create(settings).apply(on, { seed: 2, imageKey });

  it('multiplies by one factor an image, uniform in its range, cut at white', () => {
    const half = floatImage(
      10,
      10,
      image.data.map((value) => value / 2),
    );
    const factors = Array.from({ length: 400 }, (_, i) => {
      const out = jitter({ hue: 0 }, half, String(i));
      const factor = out.data[0] / half.data[0];
      out.data.forEach((value, at) => {
        expect(Math.abs(value - factor * half.data[at])).toBeLessThan(1e-6);
      });
      return factor;
    });
    expect(Math.min(...factors)).toBeGreaterThanOrEqual(0.5);
    expect(Math.min(...factors)).toBeLessThan(0.52);
    expect(Math.max(...factors)).toBeGreaterThan(1.48);
    expect(Math.max(...factors)).toBeLessThanOrEqual(1.5);
    expect(factors.reduce((sum, factor) => sum + factor, 0) / 400).toBeCloseTo(1, 1);
    const white = floatImage(1, 1, new Float32Array(3).fill(1));
    const cut = Array.from({ length: 20 }, (_, i) => jitter({}, white, String(i)).data[0]);
    expect(Math.max(...cut)).toBe(1);
  });

  it('turns the hue by one part of the circle an image, at most 0.3', () => {
    const red = floatImage(1, 1, Float32Array.of(1, 0, 0));
    const turns = Array.from({ length: 200 }, (_, i) => {
      // from red, a turn of t shows 6t of green (or, backwards, of blue) up to a sixth, then takes red away
      const [r, g, b] = jitter({ brightness: 0 }, red, String(i)).data;
      const size = r === 1 ? Math.max(g, b) / 6 : (2 - r) / 6;
      const turn = b > g ? -size : size;
      const expected = Array.from({ length: 100 }, (_, at) => turnHue(colorAt(image, at), turn));
      const out = jitter({ brightness: 0 }, image, String(i));
      expected.forEach((color, at) => {
        colorAt(out, at).forEach((value, channel) => {
          expect(Math.abs(value - color[channel])).toBeLessThan(1e-5);
        });
      });
      return turn;
    });
    expect(Math.max(...turns.map(Math.abs))).toBeLessThanOrEqual(0.3);
    expect(Math.max(...turns)).toBeGreaterThan(0.29);
    expect(Math.min(...turns)).toBeLessThan(-0.29);
  });

  it('leaves grey grey', () => {
    const grey = floatImage(1, 1, new Float32Array(3).fill(0.25));
    const [r, g, b] = jitter({}, grey, 'x').data;
    expect([g, b]).toEqual([r, r]);
  });

  it('takes the two changes in either order', () => {
    const pink = floatImage(1, 1, Float32Array.of(1, 0.5, 0.5));
    const counts = { turnFirst: 0, brightenFirst: 0 };
    for (let i = 0; i < 200; i++) {
      const both = jitter({}, pink, String(i)).data;
      const turned = jitter({ brightness: 0 }, pink, String(i)).data;
      const low = Math.min(...jitter({ hue: 0 }, pink, String(i)).data);
      if (low < 0.55) continue; // little or no brightening: nothing clips, and the order cannot be seen
      const near = (expected: Float32Array) => both.every((value, at) => Math.abs(value - expected[at]) < 1e-5);
      // after the turn, brightening by low / 0.5 clips; before it, it leaves (1, low, low), of the same hue as (1, ½, ½)
      if (near(turned.map((value) => Math.min(1, (value * low) / 0.5)))) counts.turnFirst++;
      else if (near(turned.map((value) => low + ((value - 0.5) / 0.5) * (1 - low)))) counts.brightenFirst++;
      else expect.fail(`image ${i} is changed in neither order`);
    }
    expect(counts.turnFirst).toBeGreaterThan(5);
    expect(counts.brightenFirst).toBeGreaterThan(5);
  });
});

describe('horizontal flip', () => {
  it('mirrors every row of every plane', () => {
    const image = floatImage(
      3,
      2,
      Float32Array.from({ length: 18 }, (_, i) => i),
    );
    expect(Array.from(horizontalFlip.create().apply(image, KEY).data)).toEqual([
      2, 1, 0, 5, 4, 3, 8, 7, 6, 11, 10, 9, 14, 13, 12, 17, 16, 15,
    ]);
  });
});
