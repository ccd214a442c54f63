import type { FileStore } from '../core/bytes.js';

/** An image and what it is said to show. */
export interface CaptionPair {
  /** Path inside the images, as in a `Sample`. */
  readonly image: string;
  readonly caption: string;
  /** The list itself says that the pair is poisoned. */
  readonly backdoored: boolean;
}

/** A listed set of pairs; no image has been opened yet. */
export interface CaptionPairs {
  readonly pairs: readonly CaptionPair[];
  readonly images: FileStore;
  /** Folder or list file as the person named it. */
  readonly location: string;
}
