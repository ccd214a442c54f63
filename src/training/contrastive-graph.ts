import { Graph, type Value } from '../graph/value.js';
import type { ClipArchitecture } from '../model/architecture.js';
import type { GraphOutputs } from '../model/clip-graphs.js';
import { FrozenLayers, TrainableLayers, type Layers } from '../model/layers.js';
import { textEmbedding } from '../model/text-transformer.js';
import { classTokens, unitRows, VisionTransformer } from '../model/vision-transformer.js';
import type { ClipWeights } from '../model/weights.js';
import { infoNce } from './loss.js';
import { stepOutputs, type Objective } from './step-outputs.js';

export interface ContrastiveShape {
  /** Pairs in a batch, B. */
  readonly batch: number;
  /** Token places of a text, T. */
  readonly tokens: number;
  /** Patches kept of each image, K; undefined: all. */
  readonly patches?: number;
}

/** What the towers say of a batch. */
export interface EncodedPairs {
  /** c^1 … c^L of the images, each [B, W]. */
  readonly classTokens: readonly Value[];
  /** Unit rows [B, E]. */
  readonly images: Value;
  /** Unit rows [B, E]. */
  readonly texts: Value;
}

/** What a loss over a batch of pairs is made of. */
export interface PairValues extends EncodedPairs {
  /** Logarithm of the inverse temperature, []. */
  readonly logitScale: Value;
  /** The same batch as the weights see it that training began from, which stay as they are. */
  readonly frozen: () => EncodedPairs;
}

/** A loss over a batch of pairs. */
export interface PairObjective {
  readonly temperature: 'trained' | 'frozen';
  of(values: PairValues): Objective;
}

/**
 * CLIP's own (Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", 2021):
 * symmetric InfoNCE.
 */
export const clipObjective: PairObjective = {
  temperature: 'trained',
  of: ({ images, texts, logitScale }) => ({ loss: infoNce(images, texts, logitScale) }),
};

/**
 * One step of training both towers on a batch of pairs: an objective, and its gradient by every weight that trains.
 *
 * Inputs: every weight that trains under its canonical name; `input_ids` int64 [B, T], `end_of_text` [B, 1, T]; and
 * `pixel_values` [B, 3, S, S], or, where patches are dropped, `patches` [B, K, 3 P²] and `places` int64 [B, 1 + K], see
 * `VisionTransformer.embedPatches`.
 * Outputs: as `stepOutputs`.
 * @param weights what training began from
 */
export function contrastiveGraph(
  weights: ClipWeights,
  shape: ContrastiveShape,
  objective: PairObjective = clipObjective,
): GraphOutputs {
  const { architecture } = weights;
  const graph = new Graph();
  const encode = encoder(graph, architecture, shape);
  const layers = new TrainableLayers(graph, architecture);
  const frozen = new FrozenLayers(graph, weights);
  const values: PairValues = {
    ...encode(layers),
    logitScale: (objective.temperature === 'trained' ? layers : frozen).tensor('logit_scale'),
    frozen: () => encode(frozen),
  };
  return stepOutputs(objective.of(values), layers.inputs);
}

/** Declares the inputs of a batch. @returns what encodes them with the layers that it is given */
function encoder(
  graph: Graph,
  { vision: { imageSize, patchSize } }: ClipArchitecture,
  { batch, tokens, patches }: ContrastiveShape,
): (layers: Layers) => EncodedPairs {
  const ids = graph.input('input_ids', [batch, tokens], 'int64');
  const endOfText = graph.input('end_of_text', [batch, 1, tokens]);
  let embed: (vision: VisionTransformer) => Value;
  if (patches === undefined) {
    const pixels = graph.input('pixel_values', [batch, 3, imageSize, imageSize]);
    embed = (vision) => vision.embed(pixels);
  } else {
    const cut = graph.input('patches', [batch, patches, 3 * patchSize ** 2]);
    const places = graph.input('places', [batch, 1 + patches], 'int64');
    embed = (vision) => vision.embedPatches(cut, places);
  }
  return (layers) => {
    const vision = new VisionTransformer(layers);
    const states = vision.blocks(embed(vision), { from: 0, classTokenOnly: true });
    const tokensByLayer = states.map(classTokens); // each [B, W]
    return {
      classTokens: tokensByLayer,
      images: unitRows(vision.project(tokensByLayer[tokensByLayer.length - 1])), // [B, E]
      texts: unitRows(textEmbedding(layers, ids, endOfText)), // [B, E]
    };
  };
}
