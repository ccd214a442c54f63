import { gradients } from '../graph/autodiff.js';
import { Graph, type Value } from '../graph/value.js';
import type { ClipArchitecture } from '../model/architecture.js';
import type { GraphOutputs } from '../model/clip-graphs.js';
import { TrainableLayers } from '../model/layers.js';
import { textEmbedding } from '../model/text-transformer.js';
import { classTokens, unitRows, VisionTransformer } from '../model/vision-transformer.js';
import { infoNce } from './loss.js';

export interface ContrastiveShape {
  /** Pairs in a batch, B. */
  readonly batch: number;
  /** Token places of a text, T. */
  readonly tokens: number;
  /** Patches kept of each image, K; undefined: all. */
  readonly patches?: number;
}

/** The name of the gradient of a weight, as an output. */
export const weightGradientName = (name: string): string => `gradient.${name}`;

/**
 * One step of contrastive training of both towers (Radford et al., "Learning Transferable Visual Models From Natural
 * Language Supervision", 2021): symmetric InfoNCE over a batch of pairs, and its gradient by every weight.
 *
 * Inputs: every weight under its canonical name; `input_ids` int64 [B, T], `end_of_text` [B, 1, T]; and
 * `pixel_values` [B, 3, S, S], or, where patches are dropped, `patches` [B, K, 3 P²] and `places` int64 [B, 1 + K], see
 * `VisionTransformer.embedPatches`.
 * Outputs: `loss` [], `gradient.{name}` of each weight's shape.
 */
export function contrastiveGraph(architecture: ClipArchitecture, shape: ContrastiveShape): GraphOutputs {
  const { batch, tokens } = shape;
  const graph = new Graph();
  const layers = new TrainableLayers(graph, architecture);
  const vision = new VisionTransformer(layers);
  const states = vision.blocks(embed(graph, vision, architecture, shape), { from: 0, classTokenOnly: true });
  const images = unitRows(vision.project(classTokens(states[states.length - 1]))); // [B, E]
  const ids = graph.input('input_ids', [batch, tokens], 'int64');
  const endOfText = graph.input('end_of_text', [batch, 1, tokens]);
  const texts = unitRows(textEmbedding(layers, ids, endOfText)); // [B, E]
  const loss = infoNce(images, texts, layers.tensor('logit_scale'));
  const names = [...layers.inputs.keys()];
  const byWeight = gradients(loss, [...layers.inputs.values()]);
  return { loss, ...Object.fromEntries(byWeight.map((value, i) => [weightGradientName(names[i]), value])) };
}

function embed(
  graph: Graph,
  vision: VisionTransformer,
  { vision: { imageSize, patchSize } }: ClipArchitecture,
  { batch, patches }: ContrastiveShape,
): Value {
  if (patches === undefined) return vision.embed(graph.input('pixel_values', [batch, 3, imageSize, imageSize]));
  return vision.embedPatches(
    graph.input('patches', [batch, patches, 3 * patchSize ** 2]),
    graph.input('places', [batch, 1 + patches], 'int64'),
  );
}
