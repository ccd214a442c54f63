import { pixelsOn } from '../trigger/placement.js';

/** Where a patch lies on a square image, in pixels. */
export interface PatchBox {
  readonly left: number;
  readonly top: number;
  readonly side: number;
}

/** The middle of an image. @param size side of the patch, in pixels of a 224-pixel image */
export function centredBox(size: number, imageSize: number): PatchBox {
  const side = pixelsOn({ width: imageSize, height: imageSize }, size);
  const corner = Math.floor((imageSize - side) / 2);
  return { left: corner, top: corner, side };
}
