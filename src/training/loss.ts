import * as ops from '../graph/ops/index.js';
import type { Value } from '../graph/value.js';
import { rowNorms } from '../model/vision-transformer.js';

/**
 * Cross-entropy of each sample.
 * @param logits [B, C]
 * @param targets class probabilities, one-hot for plain labels: [B, C]
 * @returns [B]
 */
export function crossEntropy(logits: Value, targets: Value): Value {
  const picked = ops.reduceSum(ops.mul(ops.logSoftmax(logits), targets), [1]); // [B, 1]
  return ops.reshape(ops.scale(picked, -1), [logits.shape[0]]);
}

/**
 * Cosine of rows.
 * @param x [..., W]
 * @param unit rows of length 1: [..., W]
 * @returns [..., 1]
 */
export function cosineToUnit(x: Value, unit: Value): Value {
  return ops.div(ops.reduceSum(ops.mul(x, unit), [x.shape.length - 1]), rowNorms(x));
}

/**
 * The feature-repelling term of each sample: cos(c_i^d, σ_i^d) averaged over the layers (RVPT, L_FR before
 * the mean over the batch), no lower than the margin if there is one.
 * @param classTokens of the prompted model, by layer: each [B, W]
 * @param sigma class tokens of the unprompted model at the same layers, as rows of length 1: [layers, B, W]
 * @returns [B]
 */
export function featureRepelling(classTokens: readonly Value[], sigma: Value, margin: number | undefined): Value {
  const [layers, batch, width] = sigma.shape;
  const [first, ...rest] = classTokens.map((token) => ops.reshape(token, [1, batch, width]));
  const cosines = cosineToUnit(ops.concat([first, ...rest], 0), sigma); // [layers, B, 1]
  const mean = ops.reshape(ops.scale(ops.reduceSum(cosines, [0]), 1 / layers), [batch]); // [B]
  return margin === undefined ? mean : ops.clampMin(mean, margin);
}

/**
 * InfoNCE one way: the mean cross-entropy from each query to the keys, of which key i is the right answer to query i.
 * @param queries unit rows [B, E]
 * @param keys unit rows [B, E]
 * @param logitScale logarithm of the inverse temperature, []
 * @returns []
 */
export function infoNceOneWay(queries: Value, keys: Value, logitScale: Value): Value {
  return meanOverBatch(crossEntropy(similarities(queries, keys, logitScale), pairing(queries)));
}

/**
 * Symmetric InfoNCE: the mean of the cross-entropies from images to texts and from texts to images, pair i being the
 * right answer to i (CLIP, figure 3).
 * @param images unit rows [B, E]
 * @param texts unit rows [B, E]
 * @param logitScale logarithm of the inverse temperature, []
 * @returns []
 */
export function infoNce(images: Value, texts: Value, logitScale: Value): Value {
  const targets = pairing(images);
  const logits = similarities(images, texts, logitScale); // [B, B]
  const both = ops.add(crossEntropy(logits, targets), crossEntropy(ops.transpose(logits, [1, 0]), targets)); // [B]
  return meanOverBatch(ops.scale(both, 0.5));
}

/** The mean of one number a sample: [B] gives []. */
export function meanOverBatch(perSample: Value): Value {
  return ops.reshape(ops.scale(ops.reduceSum(perSample, [0]), 1 / perSample.shape[0]), []);
}

function similarities(queries: Value, keys: Value, logitScale: Value): Value {
  return ops.mul(ops.matMul(queries, keys, { transB: true }), ops.exp(logitScale)); // [B, B]
}

/** Row i is for row i: the identity [B, B]. */
function pairing({ graph, shape: [batch] }: Value): Value {
  const identity = new Float32Array(batch * batch);
  for (let i = 0; i < batch; i++) identity[i * (batch + 1)] = 1;
  return graph.constant('pairs', [batch, batch], identity);
}
