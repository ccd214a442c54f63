import { InputError } from '../core/errors.js';
import type { Tensor } from '../tensor/tensor.js';
import { rateOf, type Rate } from './rate.js';

// Text-to-image retrieval: a caption orders the images of a gallery by their cosine to it, the most similar first.

/** Images or captions. */
export interface LabelledRows {
  /** Rows of length 1, [n, E]. */
  readonly features: Tensor;
  /** What each is of, [n]. */
  readonly labels: readonly number[];
}

/** Images that an attacker slips into a gallery, one at a time. */
export interface PlantedImages {
  /** Rows of length 1, [P, E]. */
  readonly features: Tensor;
  /** For each the row of the gallery that it takes: that of the same image without the trigger. [P] */
  readonly places: readonly number[];
}

/**
 * Top-1 accuracy: share of the captions whose first image is of the caption's class. Of equally similar images the one
 * that stands first in the gallery comes first.
 * @throws InputError (`data`) when there are no captions or images, or a similarity is NaN
 */
export function topOneAccuracy(captions: LabelledRows, gallery: LabelledRows): Rate {
  if (captions.labels.length === 0 || gallery.labels.length === 0) throw refuse('no captions or no images');
  let hits = 0;
  captions.labels.forEach((label, i) => {
    const similarity = similarities(captions.features, i, gallery.features);
    let first = 0;
    similarity.forEach((value, image) => {
      if (value > similarity[first]) first = image;
    });
    if (gallery.labels[first] === label) hits++;
  });
  return rateOf(hits, captions.labels.length);
}

/**
 * The rank, from 1, of every planted image for every caption, when it alone is planted: 1 and the number of other images
 * that are more similar to the caption.
 * @param captions rows of length 1, [Q, E]
 * @param gallery rows of length 1, [N, E]
 * @returns [Q, P], row-major
 * @throws InputError (`data`) when a similarity is NaN
 */
export function plantedRanks(captions: Tensor, gallery: Tensor, planted: PlantedImages): Int32Array {
  const [count] = captions.shape;
  const images = planted.places.length;
  const ranks = new Int32Array(count * images);
  for (let caption = 0; caption < count; caption++) {
    const others = similarities(captions, caption, gallery); // [N]
    const own = similarities(captions, caption, planted.features); // [P]
    planted.places.forEach((place, image) => {
      const before = others.reduce((sum, value, at) => sum + (at !== place && value > own[image] ? 1 : 0), 0);
      ranks[caption * images + image] = 1 + before;
    });
  }
  return ranks;
}

/** What an attack by planted images gains. */
export interface PlantedMetrics {
  /** ASR: share of the ranks that are at most `top`. */
  readonly success: Rate;
  /** Mean of rank / N, in (0, 1]: how far down the gallery the planted image stands; higher is better. */
  readonly rankRatio: number;
}

/**
 * @param ranks from 1, at least one of them
 * @param gallery N, images in it
 * @throws InputError (`data`) without ranks
 */
export function plantedMetrics(ranks: Int32Array, gallery: number, top: number): PlantedMetrics {
  if (ranks.length === 0) throw refuse('no planted image, or no caption that names the target');
  const hits = ranks.reduce((sum, rank) => sum + (rank <= top ? 1 : 0), 0);
  const total = ranks.reduce((sum, rank) => sum + rank, 0);
  return { success: rateOf(hits, ranks.length), rankRatio: total / ranks.length / gallery };
}

/** Inner products of one row with all rows of `images` [n, E]: [n]. */
function similarities(rows: Tensor, row: number, images: Tensor): Float64Array {
  const [, width] = rows.shape;
  const [count] = images.shape;
  return Float64Array.from({ length: count }, (_, image) => {
    let sum = 0;
    for (let k = 0; k < width; k++) sum += rows.data[row * width + k] * images.data[image * width + k];
    if (Number.isNaN(sum)) throw refuse('an embedding without a direction');
    return sum;
  });
}

function refuse(received: string): InputError {
  return new InputError({
    code: 'data',
    operation: 'measure text-to-image retrieval',
    expected: 'captions and images with embeddings',
    received,
  });
}
