import * as ops from '../../graph/ops/index.js';
import type { Value } from '../../graph/value.js';
import type { TowerArchitecture } from '../../model/architecture.js';
import type { Linear } from '../../model/layers.js';
import { linear, transformerBlock, type Block } from '../../model/transformer.js';
import type { Shape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';

/** Side of the images that encoder and decoder read, in pixels. */
export const ISSBA_SIDE = 48;
/** Side of a patch. */
export const ISSBA_PATCH = 8;
/** Bits that an image hides. */
export const ISSBA_BITS = 32;

const patches = (ISSBA_SIDE / ISSBA_PATCH) ** 2;
const patchValues = 3 * ISSBA_PATCH ** 2;
/** One image as the network reads it: its M patches, and the values of each, rows of RGB pixels. */
export const issbaImageShape: Shape = [patches, patchValues];

/** The most that the residual changes a value of 0…1. */
const AMPLITUDE = 0.15;

/** Of both halves. Nothing here folds QuickGELU's factor into weights, so its name stands for plain SiLU. */
const tower: TowerArchitecture = {
  width: 64,
  layers: 1,
  heads: 4,
  mlpWidth: 128,
  activation: 'quick_gelu',
  normEpsilon: 1e-5,
};
const { width, mlpWidth } = tower;

/** One weight of encoder or decoder. */
export interface IssbaTensor {
  readonly name: string;
  readonly shape: Shape;
  /** Standard deviation of the normal deviates that it starts from. */
  readonly deviation: number;
}

export type IssbaHalf = 'encoder' | 'decoder';

/** The weights of one half by name. */
export type IssbaWeights = ReadonlyMap<string, Tensor>;

const blockLinears = {
  query: [width, width],
  key: [width, width],
  value: [width, width],
  output: [width, width],
  up: [width, mlpWidth],
  down: [mlpWidth, width],
} as const;

function linearTensors(name: string, inputs: number, outputs: number): IssbaTensor[] {
  return [
    { name: `${name}.weight`, shape: [inputs, outputs], deviation: inputs ** -0.5 },
    { name: `${name}.bias`, shape: [outputs], deviation: 0 },
  ];
}

function tokenTensors(half: IssbaHalf): IssbaTensor[] {
  return [
    ...linearTensors(`${half}.patch_embedding`, patchValues, width),
    { name: `${half}.position_embedding`, shape: [patches, width], deviation: 0.1 },
    ...Object.entries(blockLinears).flatMap(([which, [inputs, outputs]]) =>
      linearTensors(`${half}.block.${which}`, inputs, outputs),
    ),
  ];
}

/** All weights; those of linear layers are [in, out]. */
export const issbaTensors: Readonly<Record<IssbaHalf, readonly IssbaTensor[]>> = {
  encoder: [
    ...tokenTensors('encoder'),
    { name: 'encoder.secret_embedding.weight', shape: [ISSBA_BITS, width], deviation: ISSBA_BITS ** -0.5 },
    ...linearTensors('encoder.residual', width, patchValues),
  ],
  decoder: [...tokenTensors('decoder'), ...linearTensors('decoder.bits', width, 2 * ISSBA_BITS)],
};

/** The weights in a graph, by name. */
export type IssbaLayers = (name: string) => Value;

function layer(layers: IssbaLayers, name: string): Linear {
  return { weight: layers(`${name}.weight`), bias: layers(`${name}.bias`) };
}

function block(layers: IssbaLayers, half: IssbaHalf): Block {
  const part = (which: keyof typeof blockLinears): Linear => layer(layers, `${half}.block.${which}`);
  return {
    query: part('query'),
    key: part('key'),
    value: part('value'),
    output: part('output'),
    up: part('up'),
    down: part('down'),
  };
}

/** Images [B, M, 192] in 0…1 as tokens [B, M, W]. */
function embed(layers: IssbaLayers, half: IssbaHalf, images: Value): Value {
  const centred = ops.sub(ops.scale(images, 2), images.graph.scalar(1));
  return ops.add(linear(centred, layer(layers, `${half}.patch_embedding`)), layers(`${half}.position_embedding`));
}

/**
 * What is added to an image so that it hides a secret: the secret is put to every patch, a transformer block mixes
 * patches, and each says what is to change in it.
 * @param images [B, M, 192] in 0…1
 * @param bits −1 and 1: [B, 32]
 * @returns [B, M, 192] in −0.15…0.15
 */
export function encoderResidual(layers: IssbaLayers, images: Value, bits: Value): Value {
  const secret = ops.matMul(bits, layers('encoder.secret_embedding.weight')); // [B, W]
  const tokens = ops.add(embed(layers, 'encoder', images), ops.reshape(secret, [bits.shape[0], 1, width])); // [B, M, W]
  const mixed = transformerBlock(tokens, block(layers, 'encoder'), tower); // [B, M, W]
  const residual = linear(ops.layerNormalization(mixed, tower.normEpsilon), layer(layers, 'encoder.residual'));
  return ops.scale(tanh(residual), AMPLITUDE);
}

/**
 * What images say of each bit, the mean of what their patches say.
 * @param images [B, M, 192] in 0…1
 * @returns logits of −1 and of 1: [B, 32, 2]
 */
export function decoderLogits(layers: IssbaLayers, images: Value): Value {
  const [batch] = images.shape;
  const tokens = transformerBlock(embed(layers, 'decoder', images), block(layers, 'decoder'), tower); // [B, M, W]
  const pooled = ops.reduceMean(ops.layerNormalization(tokens, tower.normEpsilon), [1]); // [B, 1, W]
  const logits = linear(ops.reshape(pooled, [batch, width]), layer(layers, 'decoder.bits')); // [B, 64]
  return ops.reshape(logits, [batch, ISSBA_BITS, 2]);
}

/** tanh x = 2 σ(2 x) − 1. */
function tanh(x: Value): Value {
  return ops.sub(ops.scale(ops.sigmoid(ops.scale(x, 2)), 2), x.graph.scalar(1));
}
