import { parseEntry, type CatalogEntry } from '../../core/catalog.js';
import { colorJitter } from './color-jitter.js';
import { gaussianBlur } from './gaussian-blur.js';
import { gaussianNoise } from './gaussian-noise.js';
import { horizontalFlip } from './horizontal-flip.js';
import type { Perturbation, PerturbationEffect } from './perturbation.js';

/** The natural perturbations that the paper measures resistivity under. A new one is one file and one line here. */
export const perturbations: readonly CatalogEntry<PerturbationEffect>[] = [
  gaussianNoise,
  gaussianBlur,
  colorJitter,
  horizontalFlip,
];

/**
 * The perturbation that a text such as `gaussian-noise:std=0.01` asks for.
 * @throws InputError (`usage`) that lists everything wrong with it.
 */
export function parsePerturbation(text: string): Perturbation {
  return parseEntry('perturbation', perturbations, text);
}
