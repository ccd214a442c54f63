import { toFloatImage } from '../core/raster.js';
import type { BrokenImage } from '../data/loader.js';
import { floatToPixelValues, toPixelValues } from '../data/preprocess.js';
import { encodeViews, rowsOfView, type EncodedViews, type MeasureOptions, type View } from './encode-views.js';
import { ResistivityMean } from './resistivity-mean.js';
import type { Perturbation } from './perturbation/perturbation.js';

export interface ResistivityOptions extends MeasureOptions {
  readonly perturbations: readonly Perturbation[];
  /** Of the randomness in the perturbations. */
  readonly seed: number;
}

/** Mean over the blocks of PR by layer, d = 0 … L; before the first block it says nothing of the model. */
export function meanOverBlocks(byLayer: readonly number[]): number {
  const blocks = byLayer.slice(1);
  return blocks.reduce((sum, value) => sum + value, 0) / Math.max(1, blocks.length);
}

export interface Resistivity {
  /** d = 0 … L: how many blocks the class token has been through. */
  readonly layers: readonly number[];
  /** PR by layer, of each perturbation in the order given. */
  readonly byPerturbation: readonly (readonly number[])[];
  /** Images measured. */
  readonly n: number;
  readonly broken: readonly BrokenImage[];
}

/**
 * PR by block under each perturbation, every image being encoded clean once and once a perturbation. Class tokens are
 * summed up as they come, so memory does not grow with the number of images.
 * @throws InputError (`data`) when there are no images, or a class token has no direction
 */
export async function measureResistivity(options: ResistivityOptions): Promise<Resistivity> {
  const { perturbations, seed, source, weights } = options;
  const { layers, width } = weights.architecture.vision;
  const { preprocess } = source;
  const views: View[] = [
    (image, out) => toPixelValues(image.crop, preprocess, out),
    ...perturbations.map((perturbation): View => {
      return ({ crop, sample }, out) => {
        const perturbed = perturbation.apply(toFloatImage(crop), { seed, imageKey: sample.path });
        floatToPixelValues(perturbed, preprocess, out);
      };
    }),
  ];
  const means = perturbations.map(() => new ResistivityMean(layers + 1, width));
  let n = 0;
  const collect = ({ images, encoded: { classTokens } }: EncodedViews): void => {
    if (classTokens === undefined) throw new Error('resistivity: the image encoder gave no class tokens');
    const tokensOf = (view: number): Float32Array =>
      rowsOfView(classTokens.data, [layers + 1, images.length, width], view, views.length); // [L + 1, n, W]
    const clean = tokensOf(0);
    means.forEach((mean, i) => {
      mean.add(clean, tokensOf(i + 1));
    });
    n += images.length;
  };
  const broken = await encodeViews(options, views, { classTokens: true }, collect);
  return {
    layers: Array.from({ length: layers + 1 }, (_, d) => d),
    byPerturbation: means.map((mean) => mean.values()),
    n,
    broken,
  };
}
