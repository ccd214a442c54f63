import type { Trigger } from '../../attack/trigger/trigger.js';
import { toFloatImage, toRaster } from '../../core/raster.js';
import type { Perturbation } from './perturbation.js';

/** A trigger as a perturbation, to measure resistivity under it. The image goes through 8 bits, as triggers do. */
export function triggerPerturbation(trigger: Trigger): Perturbation {
  return {
    name: trigger.name,
    settings: trigger.settings,
    apply: (image, key) => toFloatImage(trigger.apply(toRaster(image), key)),
  };
}
