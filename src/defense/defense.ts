import type { CatalogEntry, Named } from '../core/catalog.js';
import type { Progress } from '../core/progress.js';
import type { AugmentationName } from '../data/augment.js';
import type { PairSource } from '../data/pair-source.js';
import type { Preprocess } from '../data/preprocess.js';
import type { TrainingImages } from '../data/training-images.js';
import type { VisualPrompts } from '../inference/fold-prompts.js';
import type { ClipArchitecture } from '../model/architecture.js';
import type { LinearHead, TextFeatures } from '../model/clip-graphs.js';
import type { Tokenizer } from '../model/tokenizer.js';
import type { ClipWeights } from '../model/weights.js';
import type { Runtime } from '../runtime/session.js';
import type { Tensor } from '../tensor/tensor.js';

/** What a defense makes of a model; what it leaves out is the model's own. */
export type DefendedModel =
  | { readonly kind: 'unchanged' }
  /** Visual prompts beside frozen weights. */
  | { readonly kind: 'prompts'; readonly prompts: VisualPrompts }
  /** Other weights of the same architecture. */
  | { readonly kind: 'weights'; readonly weights: ClipWeights }
  /** A classifier on the frozen image embeddings, in place of the class prompts. */
  | { readonly kind: 'head'; readonly head: LinearHead };

/** What a defense is given; it reads of it what its `needs` say. */
export interface DefenseInput {
  readonly runtime: Runtime;
  readonly weights: ClipWeights;
  readonly tokenizer: Tokenizer;
  readonly preprocess: Preprocess;
  /** Unit features of the class prompts, [C, E]. */
  readonly textFeatures: TextFeatures;
  /** The few clean labelled images. @param augmentation what is done to a view of one */
  images(augmentation: AugmentationName): TrainingImages;
  /** Clean image-caption pairs; undefined where the caller has none. */
  readonly pairs?: PairSource;
  /** Of everything random. */
  readonly seed: number;
  /** Where to go on from: what `onStep` gave of the same defense, input and settings. */
  readonly from?: DefenseState;
  /** Called after every step, in order; the next step waits for it. */
  onStep?(report: DefenseStep, state: () => DefenseState): Promise<void>;
  readonly progress: Progress;
  /** Stops between two steps. */
  readonly signal?: AbortSignal;
}

/** Enough to go on after `step` steps as if the defense had never stopped. */
export interface DefenseState {
  readonly step: number;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/** One optimiser step: figures of its batch, taken before it. */
export interface DefenseStep {
  /** Counted from 1. */
  readonly step: number;
  /** Counted from 0. */
  readonly epoch: number;
  readonly learningRate: number;
  readonly loss: number;
  /** The loss's own terms, by name: `ce`, `fr`. */
  readonly terms?: Readonly<Partial<Record<string, number>>>;
}

/** What came of a defense. */
export interface Defended {
  readonly model: DefendedModel;
  /** Optimiser steps of the whole defense; 0 for one that takes none. */
  readonly steps: number;
  /** Numbers that it learnt. */
  readonly trainableParameters: number;
}

/** What a defense learns from. */
export type DefenseNeeds = 'nothing' | 'images' | 'pairs';

/** A defense whose settings are chosen. */
export interface DefenseEffect {
  readonly needs: DefenseNeeds;
  /**
   * Refuses a model that the settings do not suit, as `run` does: for who writes something before.
   * @throws InputError (`usage`)
   */
  refuseUnfit?(architecture: ClipArchitecture): void;
  /**
   * The same input, settings and number of threads give the same bits.
   * @throws InputError (`usage`) when settings or data do not fit; (`data`) when the loss is no longer finite
   */
  run(input: DefenseInput): Promise<Defended>;
}

/** A line in the table of defenses. Presets: `paper`, as published; `small`, for models far smaller than any published. */
export type DefenseEntry = CatalogEntry<DefenseEffect>;
/** A defense with its name and all its settings. */
export type Defense = DefenseEffect & Named;
