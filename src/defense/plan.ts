import { InputError } from '../core/errors.js';
import { matMulFlop } from '../graph/flop.js';
import { constantBytes, peakActivationBytes } from '../graph/memory.js';
import type { ClipArchitecture } from '../model/architecture.js';
import type { TextFeatures } from '../model/clip-graphs.js';
import { countParameters, type ClipWeights } from '../model/weights.js';
import { tensor } from '../tensor/tensor.js';
import { promptMethods, type Method } from './prompt-methods.js';
import { featureRow, rowSize } from './features.js';
import { frozenFeaturesGraph, promptedBlocks, tuningStepGraph, type PromptShape } from './prompt-tuning-graph.js';
import type { TuningSettings } from './tuning-settings.js';

/** What a run will do and need, known before it starts. */
export interface TuningPlan {
  readonly images: number;
  /** Views an image whose features are cached; 0 when they are computed anew every epoch. */
  readonly views: number;
  readonly imagesPerEpoch: number;
  readonly stepsPerEpoch: number;
  readonly steps: number;
  /** A batch comes in parts of this many images, so that memory stays within bounds and lanes have work. */
  readonly part: number;
  /** Parts that run side by side. */
  readonly lanes: number;
  readonly trainableParameters: number;
  /** Share of the model's parameters. */
  readonly trainableShare: number;
  /** Floating-point operations of one view's features, and of one image's share of a step. */
  readonly featureFlop: number;
  readonly stepFlop: number;
  /** Of the whole run. */
  readonly totalFlop: number;
  readonly cacheBytes: number;
  /**
   * Weights and the most values alive at once, in all lanes: an estimate of the peak. The cache, and a few hundred
   * megabytes of the process itself, come on top.
   */
  readonly workingBytes: number;
}

/** Values alive at once are kept below this, as far as smaller parts can. */
const ACTIVATION_LIMIT = 1.25 * 2 ** 30;

/**
 * In parts of how many images a batch runs, so that memory stays within bounds and every lane has work.
 * @param outputs of the step's graph for a part of so many images
 */
export function partThatFits(
  batch: number,
  lanes: number,
  outputs: (part: number) => Parameters<typeof peakActivationBytes>[0],
): number {
  let part = Math.ceil(batch / lanes);
  while (part > 1 && lanes * peakActivationBytes(outputs(part)) > ACTIVATION_LIMIT) part = Math.ceil(part / 2);
  return part;
}

/** @throws InputError (`usage`) when the model has not the blocks to prompt */
export function refuseUnfit(
  { vision: { layers } }: ClipArchitecture,
  { depth, blocks }: Omit<PromptShape, 'tokens'>,
): void {
  if (depth >= layers) {
    throw new InputError({
      code: 'usage',
      operation: 'plan the tuning',
      expected: `a depth D from 0 to ${layers - 1}, as the model has ${layers} blocks`,
      received: String(depth),
      fix: 'Lower the depth.',
    });
  }
  if (blocks !== undefined && depth + blocks > layers) {
    throw new InputError({
      code: 'usage',
      operation: 'plan the tuning',
      expected: `at most ${layers - depth} blocks with prompts, as the model has ${layers} and the first with prompts is ${depth}`,
      received: String(blocks),
      fix: 'Lower the number of blocks or the depth.',
    });
  }
}

/**
 * Plans a run.
 * @param images how many there are to tune on
 * @param lanes parts of a batch that run side by side, see `Runtime`
 * @throws InputError (`usage`) when the model has not the blocks to prompt
 */
export function planTuning(
  weights: ClipWeights,
  method: Method,
  settings: TuningSettings,
  images: number,
  classes: number,
  lanes: number,
): TuningPlan {
  const { architecture } = weights;
  const { layers, width } = architecture.vision;
  const { depth, tokens, batchSize, epochs, dropLast } = settings;
  refuseUnfit(architecture, settings);
  const blocks = promptedBlocks(layers, settings).length;
  const views = settings.augmentation === 'none' ? 1 : settings.views;
  const imagesPerEpoch = dropLast && images >= batchSize ? images - (images % batchSize) : images;
  const stepsPerEpoch = Math.ceil(imagesPerEpoch / batchSize);
  const textFeatures: TextFeatures = tensor([classes, architecture.embedDim]);
  const stepOutputs = (part: number): Parameters<typeof matMulFlop>[0] =>
    Object.values(tuningStepGraph(weights, settings, promptMethods[method].objective(settings), textFeatures, part));
  const part = partThatFits(Math.min(batchSize, imagesPerEpoch), lanes, stepOutputs);
  const step = stepOutputs(part);
  const features = Object.values(frozenFeaturesGraph(weights, depth, part));
  const trainableParameters = blocks * tokens * width;
  const stepFlop = matMulFlop(step) / part;
  const featureFlop = matMulFlop(features) / part;
  const featureImages = views === 0 ? imagesPerEpoch * epochs : images * views;
  return {
    images,
    views,
    imagesPerEpoch,
    stepsPerEpoch,
    steps: stepsPerEpoch * epochs,
    part,
    lanes,
    trainableParameters,
    trainableShare: trainableParameters / countParameters(architecture).total,
    featureFlop,
    stepFlop,
    totalFlop: featureFlop * featureImages + stepFlop * imagesPerEpoch * epochs,
    cacheBytes: 4 * rowSize(featureRow(weights, depth)) * images * views,
    // a frozen weight is packed once for the way forward and once for the way back
    workingBytes: lanes * (2 * constantBytes(step) + peakActivationBytes(step)),
  };
}
