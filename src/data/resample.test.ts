import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { raster, type Raster } from '../core/raster.js';
import { resample, type Box } from './resample.js';

function noise(width: number, height: number): fc.Arbitrary<Raster> {
  const length = width * height * 3;
  return fc.uint8Array({ minLength: length, maxLength: length }).map((data) => raster(width, height, data));
}

const side = fc.integer({ min: 1, max: 24 });
const sizes = fc.tuple(side, side, side, side);

/** The same kernel in float64, summed over every source pixel, with no limits on where taps begin and end. */
function naiveAxis(values: readonly number[], outSize: number): number[] {
  const scale = values.length / outSize;
  const widening = Math.max(scale, 1);
  const kernel = (x: number): number => {
    const t = Math.abs(x);
    return t < 1 ? 1.5 * t ** 3 - 2.5 * t ** 2 + 1 : t < 2 ? -0.5 * t ** 3 + 2.5 * t ** 2 - 4 * t + 2 : 0;
  };
  return Array.from({ length: outSize }, (_, i) => {
    const weights = values.map((_value, j) => kernel((j + 0.5 - (i + 0.5) * scale) / widening));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return weights.reduce((total, weight, j) => total + (weight / sum) * values[j], 0);
  });
}

function naive(image: Raster, width: number, height: number, channel: number): number[][] {
  const byte = (value: number): number => Math.min(Math.max(Math.round(value), 0), 255);
  const rows = Array.from({ length: image.height }, (_, y) =>
    naiveAxis(
      Array.from({ length: image.width }, (_value, x) => image.data[(y * image.width + x) * 3 + channel]),
      width,
    ).map(byte),
  );
  const columns = Array.from({ length: width }, (_, x) =>
    naiveAxis(
      rows.map((row) => row[x]),
      height,
    ).map(byte),
  );
  return Array.from({ length: height }, (_, y) => columns.map((column) => column[y]));
}

describe('resample', () => {
  test.each(['width', 'height'] as const)(
    'agrees along its %s with the kernel summed in float64, to one level',
    (axis) => {
      fc.assert(
        fc.property(
          sizes.chain(([w, h, out]) => fc.tuple(noise(w, h), fc.constant(out))),
          fc.integer({ min: 0, max: 2 }),
          ([image, out], channel) => {
            // one axis at a time: a value that sits on a half may round either way, and would once more in the other pass
            const size = { width: image.width, height: image.height, [axis]: out };
            const expected = naive(image, size.width, size.height, channel).flat();
            const { data } = resample(image, size);
            const worst = expected.reduce(
              (most, value, i) => Math.max(most, Math.abs(value - data[3 * i + channel])),
              0,
            );
            expect(worst).toBeLessThanOrEqual(1);
          },
        ),
        { numRuns: 60 },
      );
    },
  );

  test('a row of 0, 0, 255, 255 enlarged to eight, by hand', () => {
    // at the quarters, weights (-9, 111, 29, -3) / 128 and their mirror image; taps beyond the edge dropped, the rest
    // scaled up: pixel 3 is 255 * 26 / 128 = 51.8, pixel 4 its complement
    const image = raster(4, 1, Uint8Array.from([0, 0, 255, 255].flatMap((v) => [v, v, v])));
    const { data } = resample(image, { width: 8, height: 1 });
    expect([data[9], data[12]]).toEqual([52, 203]);
    expect([data[0], data[21]]).toEqual([0, 255]);
  });

  test('an image of the size it has is unchanged', () => {
    fc.assert(
      fc.property(
        fc.tuple(side, side).chain(([w, h]) => noise(w, h)),
        (image) => {
          expect(resample(image, image)).toEqual(image);
        },
      ),
    );
  });

  test('a window equals the same part of the whole result', () => {
    fc.assert(
      fc.property(
        sizes.chain(([w, h, outW, outH]) => fc.tuple(noise(w, h), boxIn(outW, outH), fc.constant([outW, outH]))),
        ([image, window, [width, height]]) => {
          const whole = resample(image, { width, height });
          expect(resample(image, { width, height, window })).toEqual(cut(whole, window));
        },
      ),
    );
  });

  test('a source box equals cutting it out first: nothing outside it is seen', () => {
    fc.assert(
      fc.property(
        sizes.chain(([w, h, outW, outH]) => fc.tuple(noise(w, h), boxIn(w, h), fc.constant([outW, outH]))),
        ([image, source, [width, height]]) => {
          expect(resample(image, { width, height, source })).toEqual(resample(cut(image, source), { width, height }));
        },
      ),
    );
  });

  test('boxes that stick out are refused', () => {
    const image = raster(2, 2, new Uint8Array(12));
    const source = { left: 1, top: 0, width: 2, height: 2 };
    expect(() => resample(image, { width: 2, height: 2, source })).toThrow(
      'source 2 x 2 at (1, 0) is not inside 2 x 2',
    );
    expect(() => resample(image, { width: 0, height: 2 })).toThrow(RangeError);
  });
});

function boxIn(width: number, height: number): fc.Arbitrary<Box> {
  const span = (length: number): fc.Arbitrary<[number, number]> =>
    fc
      .integer({ min: 1, max: length })
      .chain((size) => fc.tuple(fc.integer({ min: 0, max: length - size }), fc.constant(size)));
  return fc.tuple(span(width), span(height)).map(([[left, w], [top, h]]) => ({ left, top, width: w, height: h }));
}

function cut(image: Raster, { left, top, width, height }: Box): Raster {
  const out = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * image.width + left) * 3;
    out.set(image.data.subarray(from, from + width * 3), y * width * 3);
  }
  return raster(width, height, out);
}
