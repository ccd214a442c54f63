import type { Preprocess } from '../../data/preprocess.js';
import { gradients } from '../../graph/autodiff.js';
import * as ops from '../../graph/ops/index.js';
import { Graph, type Value } from '../../graph/value.js';
import type { GraphOutputs } from '../../model/clip-graphs.js';
import { FrozenLayers } from '../../model/layers.js';
import { normalisePixels } from '../../model/normalise-pixels.js';
import { classTokens, unitRows, VisionTransformer } from '../../model/vision-transformer.js';
import type { ClipWeights } from '../../model/weights.js';
import type { PatchBox } from './patch-box.js';
import type { PatchObjective } from './patch-objectives.js';
import type { PatchSettings } from './patch-settings.js';

/**
 * One step of patch optimisation on a frozen CLIP: the patch is put on a batch of images and normalised, the vision
 * tower is run, and the objective's loss differentiated by the pixels of the patch.
 *
 * Inputs: `patch` [3, s, s] and `pixels` [B, 3, S, S], both in [0, 1] and not normalised, the pixels 0 where the patch
 * goes; `captions` [B, E]; where the objective reads images, `positives` and `negatives` [B, E]: all rows of length 1.
 * Outputs: `loss` [], `gradient` [3, s, s], and each term of the loss by its name, [].
 */
export function patchGraph(
  weights: ClipWeights,
  preprocess: Preprocess,
  objective: PatchObjective,
  settings: PatchSettings,
  box: PatchBox,
  batch: number,
): GraphOutputs {
  const { architecture } = weights;
  const { embedDim } = architecture;
  const { imageSize } = architecture.vision;
  const graph = new Graph();
  const layers = new FrozenLayers(graph, weights);
  const vision = new VisionTransformer(layers);
  const patch = graph.input('patch', [3, box.side, box.side]);
  const pixels = graph.input('pixels', [batch, 3, imageSize, imageSize]);
  const embedded = vision.embed(normalisePixels(ops.add(pixels, framed(patch, box, imageSize)), preprocess));
  const states = vision.blocks(embedded, { from: 0, classTokenOnly: true });
  const terms = objective.terms(
    {
      triggered: unitRows(vision.project(classTokens(states[states.length - 1]))), // [B, E]
      captions: graph.input('captions', [batch, embedDim]),
      positives: graph.input('positives', [batch, embedDim]),
      negatives: graph.input('negatives', [batch, embedDim]),
      logitScale: layers.tensor('logit_scale'),
    },
    settings,
  );
  const loss = Object.values(terms).reduce((a, b) => ops.add(a, b));
  const [gradient] = gradients(loss, [patch]);
  return { ...terms, loss, gradient };
}

/** The patch [3, s, s] in its place on a black image: [1, 3, S, S]. */
function framed(patch: Value, { left, top, side }: PatchBox, imageSize: number): Value {
  const image = ops.reshape(patch, [1, 3, side, side]);
  const column = ops.pad(image, 2, top, imageSize - top - side); // [1, 3, S, s]
  return ops.pad(column, 3, left, imageSize - left - side);
}
