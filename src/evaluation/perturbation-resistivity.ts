import { InputError } from '../core/errors.js';

/**
 * PR by block: the mean over images of cos(c^d(x), c^d(x + δ)), c^d being the class token after d blocks (paper,
 * section 3). Sums are float64.
 *
 * A token of length zero points nowhere, so an image that has one is refused rather than given a cosine that would
 * pass for a measurement; so are NaN and infinity.
 *
 * @param clean class tokens of the images as they are, [blocks, n, width].
 * @param perturbed class tokens of the same images perturbed, [blocks, n, width].
 * @returns one value in [−1, 1] a block.
 * @throws InputError (`data`) when a token is zero or not finite, or there are no images.
 * @throws RangeError when a length does not fit the shape.
 */
export function perturbationResistivity(
  clean: Float32Array,
  perturbed: Float32Array,
  [blocks, n, width]: readonly [blocks: number, n: number, width: number],
): number[] {
  if (clean.length !== blocks * n * width || perturbed.length !== clean.length) {
    throw new RangeError(
      `perturbation resistivity: [${blocks}, ${n}, ${width}] does not fit ${clean.length} and ${perturbed.length} values`,
    );
  }
  if (n === 0) throw refuse('no images');
  return Array.from({ length: blocks }, (_, block) => {
    let sum = 0;
    for (let image = 0; image < n; image++) {
      const cosine = cosineAt(clean, perturbed, (block * n + image) * width, width);
      if (!Number.isFinite(cosine))
        throw refuse(`a class token that is zero or not finite (block ${block}, image ${image})`);
      sum += cosine;
    }
    return sum / n;
  });
}

/** Cosine of the vectors of length `width` that start at `offset`; NaN where there is none. */
function cosineAt(a: Float32Array, b: Float32Array, offset: number, width: number): number {
  let dot = 0;
  let aa = 0;
  let bb = 0;
  for (let i = offset; i < offset + width; i++) {
    dot += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  // rounding may overshoot 1 by an ulp
  return Math.max(-1, Math.min(1, dot / Math.sqrt(aa * bb)));
}

function refuse(received: string): InputError {
  return new InputError({
    code: 'data',
    operation: 'measure perturbation resistivity',
    expected: 'class tokens with a direction',
    received,
  });
}
