import type { Named } from '../../core/catalog.js';
import type { FloatImage, ImageKey } from '../../core/raster.js';

/** A small change to an image that should leave a robust encoder's features where they are. */
export interface PerturbationEffect {
  /**
   * A perturbed copy of `image`; the original is left as it was. Floats, as the smallest perturbations would vanish
   * between two of the 256 levels of a byte.
   * @param image the crop that CLIP would see: after resize and centre crop, before mean and deviation.
   */
  apply(image: FloatImage, key: ImageKey): FloatImage;
}

/** A perturbation with its name and settings. */
export type Perturbation = PerturbationEffect & Named;
