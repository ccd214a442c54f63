import type { Raster } from '../core/raster.js';

/** Image-caption pairs, as contrastive training takes them. Nothing is decoded before it is asked for. */
export interface PairSource {
  readonly count: number;
  /** Names pair `index` in manifests and seeds; unique. */
  key(index: number): string;
  /** What the image is said to show. */
  caption(index: number): string;
  /** The crop that CLIP sees, [S, S, 3]: after resize and centre crop, before mean and deviation. */
  image(index: number): Promise<Raster>;
}
