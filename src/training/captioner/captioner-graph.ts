import * as ops from '../../graph/ops/index.js';
import { Graph, type Value } from '../../graph/value.js';
import type { ClipArchitecture } from '../../model/architecture.js';
import type { GraphOutputs } from '../../model/clip-graphs.js';
import { FrozenLayers, TrainableLayers, type Layers, type Linear } from '../../model/layers.js';
import { causalMask, textStates } from '../../model/text-transformer.js';
import { linear } from '../../model/transformer.js';
import { randomWeights } from '../../model/weights.js';
import { Random } from '../../tensor/random.js';
import { sizeOf, type Shape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { crossEntropy } from '../loss.js';
import { stepOutputs } from '../step-outputs.js';
import { END_OF_CAPTION } from './vocabulary.js';

// A captioner in the manner of ClipCap (Mokady, Hertz and Bermano, "ClipCap: CLIP Prefix for Image Captioning", 2021): a
// linear map turns a unit image embedding into a prefix of K vectors, and a causal transformer, CLIP's text tower but for
// what it reads and says, goes on from there word by word. Its output layer is its word embedding.

/** What decides the graphs of a captioner. */
export interface CaptionerShape {
  /** E, of the image embeddings. */
  readonly embedDim: number;
  /** V, the end of captions included. */
  readonly vocabularySize: number;
  /** T: places of the longest caption, its end included. */
  readonly tokens: number;
  /** K: places of the prefix. */
  readonly prefix: number;
  /** W, a multiple of 64. */
  readonly width: number;
  readonly layers: number;
}

/** Parameters by name: `prefix.weight` [K·W, E], `prefix.bias` [K·W], and those of a text tower, as CLIP's are called. */
export type CaptionerTensors = ReadonlyMap<string, Tensor>;

const HEAD_WIDTH = 64;

/** The decoder as the text tower of a CLIP, whose vision tower nothing here looks at. */
function architectureOf({ embedDim, vocabularySize, tokens, prefix, width, layers }: CaptionerShape): ClipArchitecture {
  const tower = {
    ...{ width, layers, heads: width / HEAD_WIDTH, mlpWidth: 4 * width },
    ...({ activation: 'gelu', normEpsilon: 1e-5 } as const),
  };
  const endOfText = { kind: 'id', id: END_OF_CAPTION } as const;
  const text = { ...tower, contextLength: prefix + tokens - 1, vocabularySize, endOfText };
  return { vision: { ...tower, imageSize: 1, patchSize: 1 }, text, embedDim };
}

const isDecoder = (name: string): boolean => name.startsWith('text.') && name !== 'text.projection';

function prefixShapes({ prefix, width, embedDim }: CaptionerShape): ReadonlyMap<string, Shape> {
  return new Map<string, Shape>([
    ['prefix.weight', [prefix * width, embedDim]],
    ['prefix.bias', [prefix * width]],
  ]);
}

/** Of each tensor of a captioner. */
export function captionerShapes(shape: CaptionerShape): ReadonlyMap<string, Shape> {
  const { shapes } = randomWeights(architectureOf(shape), 0);
  return new Map([...prefixShapes(shape), ...[...shapes].filter(([name]) => isDecoder(name))]);
}

/** Of the prefix's map: embeddings are of length 1, and the prefix is to stand out among words of deviation 0.02. */
const PREFIX_DEVIATION = 0.2;

/** Where training begins: the decoder as OpenAI's text towers do, the prefix normal. */
export async function initialCaptioner(shape: CaptionerShape, seed: number): Promise<Map<string, Tensor>> {
  const decoder = randomWeights(architectureOf(shape), seed);
  const random = Random.stream(seed, 'captioner/prefix.weight');
  const tensors = new Map<string, Tensor>();
  for (const [name, dimensions] of captionerShapes(shape)) {
    const data = isDecoder(name) ? await decoder.read(name) : new Float32Array(sizeOf(dimensions));
    if (name === 'prefix.weight') data.forEach((_, i) => (data[i] = PREFIX_DEVIATION * random.normal()));
    tensors.set(name, { shape: dimensions, data });
  }
  return tensors;
}

/**
 * What the decoder says at each place: row t is of the word after the first t words.
 * @param features unit embeddings, [B, E]
 * @param ids all words but the last, int64 [B, T − 1]
 * @returns states in front of the output layer, [B, T, W]
 */
function decoderStates(layers: Layers, prefix: Linear, features: Value, ids: Value): Value {
  const { width, contextLength } = layers.architecture.text;
  const [batch, words] = ids.shape;
  const places = contextLength - words; // K
  const mapped = ops.reshape(linear(features, prefix), [batch, places, width]); // [B, K, W]
  const embedded = ops.gather(layers.tensor('text.token_embedding'), ids); // [B, T - 1, W]
  const x = ops.add(ops.concat([mapped, embedded], 1), layers.tensor('text.position_embedding')); // [B, K + T - 1, W]
  const mask = layers.graph.constant('causal mask', [contextLength, contextLength], causalMask(contextLength));
  return ops.slice(textStates(layers, x, mask), 1, places - 1, contextLength); // [B, T, W]
}

/** Scores of all words: states [..., W] give [..., V]. */
function wordLogits(layers: Layers, states: Value): Value {
  const { width, vocabularySize, normEpsilon } = layers.architecture.text;
  const output = layers.linear({
    name: 'text.output',
    inputs: width,
    outputs: vocabularySize,
    weight: 'text.token_embedding',
    norm: 'text.final_norm',
  });
  return linear(ops.layerNormalization(states, normEpsilon), output);
}

/**
 * One step of training: the mean cross-entropy of the captions' words and ends, and its gradients.
 * Inputs: every tensor under its name; `features` unit rows [B, E]; `input_ids` int64 [B, T − 1]; `targets` one-hot
 * [B·T, V]; `target_weights` [B·T], which sum to 1 over the places that captions have and are 0 behind them.
 * Outputs: as `stepOutputs`.
 */
export function captionerStepGraph(shape: CaptionerShape, batch: number): GraphOutputs {
  const { embedDim, tokens, vocabularySize } = shape;
  const graph = new Graph();
  const layers = new TrainableLayers(graph, architectureOf(shape));
  const prefix = new Map([...prefixShapes(shape)].map(([name, dimensions]) => [name, graph.input(name, dimensions)]));
  const features = graph.input('features', [batch, embedDim]);
  const ids = graph.input('input_ids', [batch, tokens - 1], 'int64');
  const targets = graph.input('targets', [batch * tokens, vocabularySize]);
  const weights = graph.input('target_weights', [batch * tokens]);
  const states = decoderStates(
    layers,
    prefixLayer((name) => valueOf(prefix, name)),
    features,
    ids,
  ); // [B, T, W]
  const logits = ops.reshape(wordLogits(layers, states), [batch * tokens, vocabularySize]);
  const loss = ops.reshape(ops.reduceSum(ops.mul(crossEntropy(logits, targets), weights), [0]), []);
  return stepOutputs({ loss }, new Map([...prefix, ...layers.inputs]));
}

/**
 * What comes next, of a trained captioner.
 * Inputs: `features` unit rows [B, E]; `input_ids` int64 [B, T − 1], of which only the words so far matter; `place`
 * [B, 1, T], 1 at the number of words so far, 0 elsewhere. Output: `logits` of the next word [B, V].
 */
export function nextWordGraph(shape: CaptionerShape, tensors: CaptionerTensors, batch: number): GraphOutputs {
  const { embedDim, tokens, width } = shape;
  const graph = new Graph();
  const shapes = captionerShapes(shape);
  const read = (name: string): Promise<Float32Array> => Promise.resolve(valueOf(tensors, name).data);
  const layers = new FrozenLayers(graph, { architecture: architectureOf(shape), shapes, read });
  const features = graph.input('features', [batch, embedDim]);
  const ids = graph.input('input_ids', [batch, tokens - 1], 'int64');
  const place = graph.input('place', [batch, 1, tokens]);
  const states = decoderStates(
    layers,
    prefixLayer((name) => layers.tensor(name)),
    features,
    ids,
  ); // [B, T, W]
  const here = ops.reshape(ops.matMul(place, states), [batch, width]);
  return { logits: wordLogits(layers, here) };
}

function prefixLayer(tensor: (name: string) => Value): Linear {
  return { weight: ops.transpose(tensor('prefix.weight'), [1, 0]), bias: tensor('prefix.bias') };
}

function valueOf<Item>(items: ReadonlyMap<string, Item>, name: string): Item {
  const item = items.get(name);
  if (item === undefined) throw new RangeError(`captioner: no tensor ${name}`);
  return item;
}
