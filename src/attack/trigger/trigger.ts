import { z } from 'zod';

import type { Folder } from '../../core/bytes.js';
import type { CatalogEntry, Named } from '../../core/catalog.js';
import type { ImageKey, Raster } from '../../core/raster.js';
import type { DecodeImage } from '../../data/image-decoder.js';

/** What an attacker does to an image, and to the class prompts, to call the backdoor. */
export interface TriggerEffect {
  /**
   * A triggered copy of `image`; the original is left as it was.
   * @param image the crop that CLIP would see: after resize and centre crop, before mean and deviation.
   */
  apply(image: Raster, key: ImageKey): Raster;
  /** The text half of a two-key trigger. Triggers without one leave it out. */
  applyText?(text: string): string;
  /** How the image becomes a square first, whatever the model does to clean images: see the setting `resize` of the triggers that have it. */
  readonly resize?: TriggerResize;
}

/** A trigger that needs files, such as an optimised patch, before it can do anything. */
export interface TriggerFromFiles {
  /** @throws InputError when a file is missing, or is not what the trigger needs */
  prepare(resources: TriggerResources): Promise<TriggerEffect>;
}

/** Begins the name of a data file that comes with the package: `package:issba/encoder.safetensors`. */
export const PACKAGE_FILE = 'package:';

/** What triggers are made from besides their settings. */
export interface TriggerResources {
  /** Where the files lie that settings name; a name that begins with `PACKAGE_FILE` is that of a file of the package. */
  readonly files: Pick<Folder, 'open'>;
  readonly decode: DecodeImage;
}

/** A line in the table of triggers. */
export type TriggerEntry = CatalogEntry<TriggerEffect | TriggerFromFiles>;

/** A trigger with its name and settings, ready for use. */
export type Trigger = TriggerEffect & Named;

/** The side length, in pixels, that sizes are given for: CLIP's usual crop. They scale with the image. */
export const REFERENCE_SIDE = 224;

export const resizeSetting = z
  .enum(['model', 'squash'])
  .default('model')
  .describe("how the image becomes a square before: as the model has it, or squashed as in the field's public code");
type TriggerResize = z.output<typeof resizeSetting>;
