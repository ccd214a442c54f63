import { InputError } from '../core/errors.js';

/**
 * PR by block: the mean over images of cos(c^d(x), c^d(x + δ)), c^d being the class token after d blocks (paper,
 * section 3). Images may come in any number of batches. Sums are float64.
 *
 * A token of length zero points nowhere, so an image that has one is refused rather than given a cosine that would
 * pass for a measurement; so are NaN and infinity.
 */
export class ResistivityMean {
  readonly #width: number;
  readonly #sums: Float64Array;
  #n = 0;

  constructor(blocks: number, width: number) {
    this.#width = width;
    this.#sums = new Float64Array(blocks);
  }

  /**
   * @param clean class tokens of images as they are, [blocks, n, width].
   * @param perturbed class tokens of the same images perturbed, [blocks, n, width].
   * @throws InputError (`data`) when a token is zero or not finite.
   * @throws RangeError when a length does not fit the shape.
   */
  add(clean: Float32Array, perturbed: Float32Array): void {
    const blocks = this.#sums.length;
    const n = clean.length / (blocks * this.#width);
    if (!Number.isInteger(n) || perturbed.length !== clean.length) {
      throw new RangeError(
        `perturbation resistivity: [${blocks}, n, ${this.#width}] does not fit ${clean.length} and ${perturbed.length} values`,
      );
    }
    for (let block = 0; block < blocks; block++) {
      for (let image = 0; image < n; image++) {
        const cosine = cosineAt(clean, perturbed, (block * n + image) * this.#width, this.#width);
        if (!Number.isFinite(cosine)) {
          throw refuse(`a class token that is zero or not finite (block ${block}, image ${this.#n + image})`);
        }
        this.#sums[block] += cosine;
      }
    }
    this.#n += n;
  }

  /** @returns one value in [−1, 1] a block. @throws InputError (`data`) when there were no images. */
  values(): number[] {
    if (this.#n === 0) throw refuse('no images');
    return Array.from(this.#sums, (sum) => sum / this.#n);
  }
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
