import type { Raster } from '../core/raster.js';
import { toFloatImage } from '../core/raster.js';
import { Random } from '../tensor/random.js';
import type { ViewKey } from './augment.js';
import { floatToPixelValues, type Preprocess } from './preprocess.js';

/** How often each of the two is done. */
const CHANCE = 0.5;
const NOISE_STD = 0.2;
/** Least and most share of the image that is erased. */
const ERASED = [0.005, 0.01] as const;

/**
 * A view as PAR draws it (PerturbAndRecover, `utils.py`): half of the time Gaussian noise of deviation 0.2 on values in
 * [0, 1], of which only the positive part is added, cut off at 1; then, half of the time, a square of 0.5 to 1 % of the
 * image is set to the mean colour, 0 after normalisation.
 * @param out where to write the normalised values, [3, S, S]
 */
export function perturbedPixels(
  crop: Raster,
  preprocess: Preprocess,
  { seed, imageKey, view }: ViewKey,
  out: Float32Array,
): void {
  const random = Random.stream(seed, `perturb/${view}/${imageKey}`);
  const image = toFloatImage(crop);
  if (random.uniform() < CHANCE) {
    const { data } = image;
    for (let i = 0; i < data.length; i++) data[i] = Math.min(1, data[i] + Math.max(0, NOISE_STD * random.normal()));
  }
  floatToPixelValues(image, preprocess, out);
  if (random.uniform() < CHANCE) eraseSquare(out, crop, random);
}

function eraseSquare(pixels: Float32Array, { width, height }: Raster, random: Random): void {
  const share = ERASED[0] + (ERASED[1] - ERASED[0]) * random.uniform();
  const side = Math.round(Math.sqrt(share * width * height));
  if (side > width || side > height) return;
  const [top, left] = [random.below(height - side + 1), random.below(width - side + 1)];
  for (let channel = 0; channel < 3; channel++) {
    for (let y = top; y < top + side; y++) {
      const from = (channel * height + y) * width + left;
      pixels.fill(0, from, from + side);
    }
  }
}
