import { z } from 'zod';

import { defineEntry } from '../../core/catalog.js';
import type { Raster } from '../../core/raster.js';
import { resizeImage } from '../../data/resize.js';
import { withFile } from '../../data/text-file.js';
import { paste } from './pixels.js';
import { cornersAt, pixelsOn, placeSetting, sizeSetting } from './placement.js';
import { resizeSetting, type TriggerEffect, type TriggerFromFiles, type TriggerResources } from './trigger.js';

/** Settings of every trigger that pastes an image. */
export const patchSettings = {
  file: z.string().min(1).default('patch.png').describe('image of the patch; it is squashed into a square'),
  size: sizeSetting('side of the patch').default(16),
  place: placeSetting.default('center'),
  resize: resizeSetting,
};
type PatchSettings = z.output<z.ZodObject<typeof patchSettings>>;

/** Any image as a patch, such as one that was optimised. */
export const patch = defineEntry({
  name: 'patch',
  summary: 'an image file as a patch',
  settings: patchSettings,
  create: (chosen): TriggerFromFiles => ({ prepare: (resources) => patchEffect('patch', chosen, resources) }),
});

/**
 * Pastes the image that `file` names.
 * @param name of the trigger, for its randomness
 * @throws InputError when there is no such file, or it is no image
 */
export async function patchEffect(
  name: string,
  { file, size, place, resize }: PatchSettings,
  { files, decode }: TriggerResources,
): Promise<TriggerEffect> {
  const drawn = await withFile(files, file, decode);
  const bySide = new Map<number, Raster>();
  const patchOf = (side: number): Raster => {
    const resized = bySide.get(side) ?? resizeImage(drawn, { width: side, height: side });
    bySide.set(side, resized);
    return resized;
  };
  return {
    resize,
    apply(image, key) {
      const side = pixelsOn(image, size);
      return paste(image, patchOf(side), cornersAt(place, side, image, name, key));
    },
  };
}
