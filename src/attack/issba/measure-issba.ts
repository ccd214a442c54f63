import type { Raster } from '../../core/raster.js';
import { Random } from '../../tensor/random.js';
import { addResidual, type IssbaCodec } from './issba-codec.js';
import { ISSBA_BITS } from './issba-network.js';

/** How well secrets are hidden in images that nothing was trained on. */
export interface IssbaMeasure {
  /** Images; each hides random bits of its own. */
  readonly images: number;
  /** Share of the bits that are found again. */
  readonly bit_accuracy: number;
  /** Mean peak signal-to-noise ratio of the images, in dB, and that of the worst. */
  readonly psnr: number;
  readonly psnr_min: number;
  /**
   * Mean cosine of the residuals that hide the same secret in two images: 1 where the trigger is a pattern, 0 where it
   * hangs on the image alone.
   */
  readonly residual_cosine: number;
}

/** Hides, rounds to 8 bits, finds and compares. @param images at least two */
export function measureIssba({ encoder, decoder }: IssbaCodec, images: readonly Raster[], seed: number): IssbaMeasure {
  const random = Random.stream(seed, 'issba/measure');
  let found = 0;
  const ratios: number[] = [];
  const cosines: number[] = [];
  images.forEach((image, i) => {
    const bits = Array.from({ length: ISSBA_BITS }, () => 2 * random.below(2) - 1);
    const residual = encoder.residual(image, bits);
    const hidden = addResidual(image, residual);
    decoder.bits(hidden).forEach((bit, at) => (found += Number(bit === bits[at])));
    ratios.push(psnr(image, hidden));
    cosines.push(cosine(residual, encoder.residual(images[(i + 1) % images.length], bits)));
  });
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  return {
    images: images.length,
    bit_accuracy: found / (images.length * ISSBA_BITS),
    psnr: mean(ratios),
    psnr_min: Math.min(...ratios),
    residual_cosine: mean(cosines),
  };
}

/** Peak signal-to-noise ratio of two images of one size, in dB: 20 log₁₀(255 / root mean square difference). */
export function psnr(a: Raster, b: Raster): number {
  const squares = a.data.reduce((sum, value, i) => sum + (value - b.data[i]) ** 2, 0);
  return 10 * Math.log10((255 ** 2 * a.data.length) / squares);
}

function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array): number => x.reduce((sum, value, i) => sum + value * y[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
