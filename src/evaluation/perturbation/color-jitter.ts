import { z } from 'zod';

import { defineEntry } from '../../core/catalog.js';
import { floatImage, type FloatImage } from '../../core/raster.js';
import { Random } from '../../tensor/random.js';
import type { PerturbationEffect } from './perturbation.js';

type Rgb = [red: number, green: number, blue: number];

/**
 * Random brightness and hue, as torchvision's ColorJitter: both factors uniform in their ranges, the two changes in
 * random order (which matters where brightness clips).
 */
export const colorJitter = defineEntry({
  name: 'color-jitter',
  summary: 'random brightness and hue',
  settings: {
    brightness: z
      .number()
      .min(0)
      .max(1)
      .default(0.5)
      .describe('values are multiplied by a factor from 1 − brightness to 1 + brightness'),
    hue: z
      .number()
      .min(0)
      .max(0.5)
      .default(0.3)
      .describe('the hue turns by a part of the colour circle from −hue to hue'),
  },
  create: ({ brightness, hue }): PerturbationEffect => ({
    apply(image, { seed, imageKey }) {
      const random = Random.stream(seed, `perturbation/color-jitter/${imageKey}`);
      const factor = 1 + brightness * (2 * random.uniform() - 1);
      const turn = hue * (2 * random.uniform() - 1);
      const brighten = (color: Rgb): Rgb => scaled(color, factor);
      const rotate = (color: Rgb): Rgb => turned(color, turn);
      const [first, second] = random.below(2) === 0 ? [brighten, rotate] : [rotate, brighten];
      return mapColors(image, (color) => second(first(color)));
    },
  }),
});

function mapColors({ width, height, data }: FloatImage, change: (color: Rgb) => Rgb): FloatImage {
  const area = width * height;
  const out = new Float32Array(data.length); // [3, height, width]
  for (let i = 0; i < area; i++) {
    const [red, green, blue] = change([data[i], data[area + i], data[2 * area + i]]);
    out[i] = red;
    out[area + i] = green;
    out[2 * area + i] = blue;
  }
  return floatImage(width, height, out);
}

function scaled([red, green, blue]: Rgb, factor: number): Rgb {
  return [Math.min(1, red * factor), Math.min(1, green * factor), Math.min(1, blue * factor)];
}

/** Turns the hue by a part of the colour circle; saturation and value (HSV) stay. */
function turned([red, green, blue]: Rgb, turn: number): Rgb {
  const value = Math.max(red, green, blue);
  const chroma = value - Math.min(red, green, blue);
  if (chroma === 0) return [red, green, blue]; // grey has no hue
  // hue in sixths of the circle: 0 red, 2 green, 4 blue
  const hue =
    value === red ? (green - blue) / chroma : value === green ? 2 + (blue - red) / chroma : 4 + (red - green) / chroma;
  const channel = (offset: number): number => {
    const k = modulo(offset + hue + 6 * turn, 6);
    return value - chroma * Math.max(0, Math.min(k, 4 - k, 1));
  };
  return [channel(5), channel(3), channel(1)];
}

function modulo(a: number, n: number): number {
  return ((a % n) + n) % n;
}
