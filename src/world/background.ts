import { Random } from '../tensor/random.js';
import { colorNames, mix, namedColors, type ColorName, type Rgb } from './colors.js';

export const backgroundKinds = ['flat', 'gradient', 'stripes', 'noise'] as const;
export type BackgroundKind = (typeof backgroundKinds)[number];

/** What captions call a background. */
export const backgroundWords: Readonly<Record<BackgroundKind, string>> = {
  flat: 'plain',
  gradient: 'shaded',
  stripes: 'striped',
  noise: 'noisy',
};

/** What stands behind the thing: a colour that has a name, and what the kind makes of it. */
export interface Background {
  readonly kind: BackgroundKind;
  readonly color: ColorName;
  /** The named colour, a little off. */
  readonly first: Rgb;
  /** Where gradients, stripes and noise go to; nearer to the first than to any other. */
  readonly second: Rgb;
  /** Of gradients and stripes, in radians. */
  readonly angle: number;
  /** Stripes across the image. */
  readonly stripes: number;
  /** Seeds the noise. */
  readonly grain: number;
}

/** How far the first colour strays from its name, of 255. */
const drift = 10;
/** How far the second colour goes from the first towards another. */
const reach = 0.45;

export function drawBackground(random: Random): Background {
  const kind = backgroundKinds[random.below(backgroundKinds.length)];
  const color = colorNames[random.below(colorNames.length)];
  const other = colorNames[random.below(colorNames.length)];
  const stray = (channel: number): number => Math.min(255, Math.max(0, channel + drift * (2 * random.uniform() - 1)));
  const [red, green, blue] = namedColors[color];
  const first: Rgb = [stray(red), stray(green), stray(blue)];
  return {
    kind,
    color,
    first,
    second: mix(first, namedColors[other], reach),
    angle: 2 * Math.PI * random.uniform(),
    stripes: 2 + 4 * random.uniform(),
    grain: random.uint32(),
  };
}

/** How much of the second colour there is at a place, in [0, 1]. @param x, y in [-1, 1] */
type Share = (x: number, y: number) => number;

/** Paints the background over `canvas`. @param canvas [side, side, 3], 0 … 255 */
export function paintBackground(background: Background, canvas: Float32Array, side: number): void {
  const { first, second } = background;
  const share = shareOf(background);
  for (let row = 0, to = 0; row < side; row++) {
    const y = (2 * row + 1) / side - 1;
    for (let column = 0; column < side; column++, to += 3) {
      const part = share((2 * column + 1) / side - 1, y);
      for (let channel = 0; channel < 3; channel++) {
        canvas[to + channel] = first[channel] + part * (second[channel] - first[channel]);
      }
    }
  }
}

function shareOf({ kind, angle, stripes, grain }: Background): Share {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  switch (kind) {
    case 'flat':
      return () => 0;
    case 'gradient':
      // the corners are at most √2 away
      return (x, y) => 0.5 + (cos * x + sin * y) / (2 * Math.SQRT2);
    case 'stripes':
      return (x, y) => (Math.sin(Math.PI * stripes * (cos * x + sin * y)) > 0 ? 1 : 0);
    case 'noise': {
      const random = Random.stream(grain, 'world/grain');
      return () => random.uint32() / 2 ** 32;
    }
  }
}
