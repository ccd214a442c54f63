import { gradients } from '../../graph/autodiff.js';
import * as ops from '../../graph/ops/index.js';
import { Graph, type Value } from '../../graph/value.js';
import type { GraphOutputs } from '../../model/clip-graphs.js';
import { crossEntropy } from '../../training/loss.js';
import {
  decoderLogits,
  encoderResidual,
  ISSBA_BITS,
  ISSBA_PATCH,
  issbaImageShape,
  issbaTensors,
  type IssbaLayers,
  type IssbaTensor,
} from './issba-network.js';

/** Weights as inputs of the graph, under their names. */
function inputLayers(graph: Graph, tensors: readonly IssbaTensor[]): IssbaLayers {
  const values = new Map(tensors.map(({ name, shape }) => [name, graph.input(name, shape)]));
  return (name) => {
    const value = values.get(name);
    if (value === undefined) throw new RangeError(`issba: no weight named ${name}`);
    return value;
  };
}

/** Inputs: the encoder's weights, `image` [1, M, 192] in 0…1, `bits` [1, 32]. Output: `residual` [1, M, 192]. */
export function issbaEncoderGraph(): GraphOutputs {
  const graph = new Graph();
  const layers = inputLayers(graph, issbaTensors.encoder);
  const image = graph.input('image', [1, ...issbaImageShape]);
  return { residual: encoderResidual(layers, image, graph.input('bits', [1, ISSBA_BITS])) };
}

/** Inputs: the decoder's weights, `image` [1, M, 192] in 0…1. Output: `logits` [1, 32, 2]. */
export function issbaDecoderGraph(): GraphOutputs {
  const graph = new Graph();
  const layers = inputLayers(graph, issbaTensors.decoder);
  return { logits: decoderLogits(layers, graph.input('image', [1, ...issbaImageShape])) };
}

export interface IssbaObjective {
  /** Mean square of the residual, of values in 0…1, that costs an image nothing. */
  readonly freeSquare: number;
  /** Weight of what an image has above it, in units of it. */
  readonly squareWeight: number;
}

/** The name of the gradient of a weight, as an output. */
export const issbaGradientName = (name: string): string => `gradient.${name}`;

/**
 * One step of training both halves together: cross-entropy of the bits, and what residuals cost.
 * Inputs: the weights; `images` [B, M, 192] in 0…1; `bits` −1 and 1 [B, 32]; and what befalls images on their way to
 * the decoder: `blur` [B, 1, 1], 1 for the blur of being enlarged and shrunk again, `noise` [B, M, 192], of rounding.
 * Outputs: `loss`, `bits_loss`, `square` [], the last the mean square of the residuals; `gradient.{name}` of each weight.
 */
export function issbaTrainingGraph(batch: number, { freeSquare, squareWeight }: IssbaObjective): GraphOutputs {
  const graph = new Graph();
  const tensors = [...issbaTensors.encoder, ...issbaTensors.decoder];
  const layers = inputLayers(graph, tensors);
  const images = graph.input('images', [batch, ...issbaImageShape]);
  const bits = graph.input('bits', [batch, ISSBA_BITS]);
  const blur = graph.input('blur', [batch, 1, 1]);
  const noise = graph.input('noise', [batch, ...issbaImageShape]);
  const residual = encoderResidual(layers, images, bits);
  const kept = ops.add(residual, ops.mul(ops.sub(blurred(residual), residual), blur)); // [B, M, 192]
  const seen = ops.add(clipToUnit(ops.add(images, kept)), noise);
  const logits = ops.reshape(decoderLogits(layers, seen), [batch * ISSBA_BITS, 2]);
  const bitsLoss = mean(crossEntropy(logits, oneHot(bits)));
  const squares = ops.reduceMean(ops.mul(residual, residual), [1, 2]); // [B, 1, 1]
  const excess = mean(ops.clampMin(ops.sub(squares, graph.scalar(freeSquare)), 0));
  const loss = ops.add(bitsLoss, ops.scale(excess, squareWeight / freeSquare));
  const byWeight = gradients(
    loss,
    tensors.map(({ name }) => layers(name)),
  );
  const named = tensors.map(({ name }, i) => [issbaGradientName(name), byWeight[i]] as const);
  return { loss, bits_loss: bitsLoss, square: mean(squares), ...Object.fromEntries(named) };
}

/** Bits −1 and 1 [B, 32] as rows (1, 0) and (0, 1): [B · 32, 2]. */
function oneHot(bits: Value): Value {
  const half = ops.scale(ops.reshape(bits, [bits.shape[0] * ISSBA_BITS, 1]), 0.5);
  const middle = bits.graph.scalar(0.5);
  return ops.concat([ops.sub(middle, half), ops.add(middle, half)], 1);
}

/**
 * About what is left of a residual that is stretched bilinearly to a larger image and shrunk again with it: (1, 6, 1) / 8
 * along rows and columns, within patches.
 */
function blurred(residual: Value): Value {
  const size = 3 * ISSBA_PATCH ** 2;
  const matrix = new Float32Array(size * size); // [192, 192]
  const inside = (place: number): number => Math.min(ISSBA_PATCH - 1, Math.max(0, place));
  for (let pixel = 0; pixel < ISSBA_PATCH ** 2; pixel++) {
    const [y, x] = [Math.floor(pixel / ISSBA_PATCH), pixel % ISSBA_PATCH];
    for (const [down, byRow] of blurTaps) {
      for (const [along, byColumn] of blurTaps) {
        const from = inside(y + down) * ISSBA_PATCH + inside(x + along);
        for (let channel = 0; channel < 3; channel++) {
          matrix[(from * 3 + channel) * size + pixel * 3 + channel] += byRow * byColumn;
        }
      }
    }
  }
  return ops.matMul(residual, residual.graph.constant('blur matrix', [size, size], matrix));
}

const blurTaps = [
  [-1, 1 / 8],
  [0, 6 / 8],
  [1, 1 / 8],
] as const;

/** Values below 0 and above 1 cut. */
function clipToUnit(x: Value): Value {
  return ops.scale(ops.clampMin(ops.scale(ops.clampMin(x, 0), -1), -1), -1);
}

/** The mean of all elements: []. */
function mean(x: Value): Value {
  return ops.reshape(
    ops.reduceMean(
      x,
      x.shape.map((_, axis) => axis),
    ),
    [],
  );
}
