import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import { naiveStep } from './support/naive-clip.js';
import { tinyArchitecture } from './support/tiny-clip.js';
import { featureRow, rowSize } from '../src/defense/features.js';
import { frozenFeaturesGraph, tuningStepGraph } from '../src/defense/prompt-tuning-graph.js';
import { matMulFlop } from '../src/graph/flop.js';
import { lowerToOnnx } from '../src/graph/onnx/lower.js';
import { reachableNodes, type Node, type Value } from '../src/graph/value.js';
import { namedArchitectures, patchCount, type ClipArchitecture } from '../src/model/architecture.js';
import { imageGraph, type GraphOutputs } from '../src/model/clip-graphs.js';
import { randomWeights } from '../src/model/weights.js';
import { sizeOf } from '../src/tensor/shape.js';
import { tensor } from '../src/tensor/tensor.js';

// The figures of docs/method.md. Graphs of full size are built, none is run: no weight is read.

const objective = { alpha: 2, margin: undefined };

interface Setting {
  readonly architecture: ClipArchitecture;
  readonly depth: number;
  readonly tokens: number;
  readonly batch: number;
  readonly classes: number;
}

const paper: Setting = {
  architecture: namedArchitectures['vit-b-32'],
  depth: 3,
  tokens: 50,
  batch: 32,
  classes: 1000,
};

function step({ architecture, depth, tokens, batch, classes }: Setting): GraphOutputs {
  const text = tensor([classes, architecture.embedDim]);
  return tuningStepGraph(randomWeights(architecture, 0), { depth, tokens }, objective, text, batch);
}

const gflop = (outputs: GraphOutputs, images: number): number => matMulFlop(Object.values(outputs)) / images / 1e9;
const twoDecimals = (value: number): number => Math.round(value * 100) / 100;

/** The five savings of docs/method.md, in its order. */
const savings = ['prompts as keys and values', 'f^D cached', 'sigma cached', 'last class token', 'block D'] as const;

/**
 * Floating-point operations an image and step with the first `count` savings, by the formulas of docs/method.md. The
 * products of x rows, y inputs and z outputs count 2 x y z each.
 */
function flopWith(count: number, { architecture, depth, tokens: b, batch, classes }: Setting): number {
  const { vision, embedDim } = architecture;
  const { width: w, mlpWidth: f, layers, patchSize } = vision;
  const t = 1 + patchCount(vision);
  const has = (saving: (typeof savings)[number]): boolean => savings.indexOf(saving) < count;

  const embed = 2 * (t - 1) * 3 * patchSize ** 2 * w;
  const head = 2 * w * embedDim + 2 * embedDim * classes;
  const linear = (rows: number): number => 2 * rows * w * w;
  const mlp = (rows: number): number => 2 * 2 * rows * w * f;
  const attention = (queries: number, keys: number): number => 2 * queries * keys * w; // scores, or mixing the values
  /** A block of which `q` tokens of `n` are wanted; `times` is 1 forward, 2 back, where both factors need a gradient. */
  const block = (q: number, n: number, keys: number, times: 1 | 2): number =>
    2 * linear(q) + 2 * linear(n) + mlp(q) + 2 * times * attention(q, keys);

  const unprompted = block(t, t, t, 1);
  const asKeysValues = has('prompts as keys and values');
  const n = asKeysValues ? t : t + b;
  const perBatch = asKeysValues ? (2 * linear(b)) / batch : 0; // keys and values of one block's prompts
  let flop = 2 * head;
  if (!has('sigma cached')) flop += embed + layers * unprompted;
  if (!has('f^D cached')) flop += embed + depth * unprompted;
  for (let d = depth; d < layers; d++) {
    const q = has('last class token') && d === layers - 1 ? 1 : n;
    flop += block(q, n, t + b, 1) + perBatch;
    // back through block D, nothing of the images' own queries, keys and values is wanted
    const toPromptsOnly = linear(q) + mlp(q) + attention(q, t) + 3 * attention(q, b);
    flop += (has('block D') && d === depth ? toPromptsOnly : block(q, n, t + b, 2)) + perBatch;
  }
  return flop;
}

describe('a tuning step of ViT-B/32 with D 3, b 50, batch 32 and 1000 classes', () => {
  const weights = randomWeights(paper.architecture, 0);
  const naive = naiveStep(weights, { ...paper, ...objective, batch: 1 });

  test('takes under a third of the arithmetic of the naive form', () => {
    const [fast, slow] = [gflop(step(paper), paper.batch), gflop(naive, 1)];
    process.stdout.write(`GFLOP an image and step: ${fast.toFixed(2)}, in the naive form ${slow.toFixed(2)}\n`);
    expect(twoDecimals(fast)).toBe(11.83);
    expect(twoDecimals(slow)).toBe(37.51);
    expect(fast).toBeLessThanOrEqual(12);
  });

  test('counts what the formulas count, with all savings and with none', () => {
    expect(matMulFlop(Object.values(step(paper))) / paper.batch).toBeCloseTo(flopWith(5, paper), 0);
    expect(matMulFlop(Object.values(naive))).toBeCloseTo(flopWith(0, paper), 0);
  });

  test('owes to each saving what docs/method.md says', () => {
    const after = [0, 1, 2, 3, 4, 5].map((count) => flopWith(count, paper) / 1e9);
    process.stdout.write(`GFLOP an image after each saving: ${after.map((value) => value.toFixed(2)).join(', ')}\n`);
    expect(after.map(twoDecimals)).toEqual([37.51, 24.42, 22.04, 13.22, 12.02, 11.83]);
    const page = readFileSync(new URL('../docs/method.md', import.meta.url), 'utf8');
    const table = page.slice(page.indexOf('GFLOP |'), page.indexOf('1. **Prompts'));
    expect([...table.matchAll(/([\d.]+) +\|$/gm)].map(([, value]) => Number(value))).toEqual(after.map(twoDecimals));
  });

  test('needs one forward pass an image beforehand, and keeps 177 KiB of it', () => {
    expect(4 * rowSize(featureRow(weights, paper.depth))).toBe(181_248);
    expect(twoDecimals(gflop(frozenFeaturesGraph(weights, paper.depth, 1), 1))).toBe(8.23);
  });
});

test('lowered for webgpu, a step holds its weights about twice', () => {
  const bytes = (provider: 'cpu' | 'webgpu'): number =>
    lowerToOnnx(step(paper), provider).tensors.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);
  expect(bytes('webgpu') / bytes('cpu')).toBeGreaterThan(1.9);
  expect(bytes('webgpu') / bytes('cpu')).toBeLessThan(2);
});

test('folded prompts add under a per cent to the arithmetic of inference', () => {
  const { architecture, depth, tokens } = paper;
  const { heads, width, layers } = architecture.vision;
  const weights = randomWeights(architecture, 0);
  const one = tensor([heads, tokens, width / heads]);
  const prompts = new Map(
    Array.from({ length: layers - depth }, (_, i) => [depth + i, { keys: one, values: one }] as const),
  );
  const plain = gflop(imageGraph(weights, { batch: 1 }), 1);
  const defended = gflop(imageGraph(weights, { batch: 1, prompts }), 1);
  expect(twoDecimals(plain)).toBe(8.23);
  expect(twoDecimals(defended)).toBe(8.29);
});

const small: Setting = { architecture: tinyArchitecture, depth: 0, tokens: 2, batch: 3, classes: 4 };

function withLayers(layers: number, depth: number): Setting {
  return { ...small, depth, architecture: { ...tinyArchitecture, vision: { ...tinyArchitecture.vision, layers } } };
}

/** Nodes that only the gradients need. */
function gradientNodes(outputs: GraphOutputs): Node[] {
  const forward = new Set(reachableNodes(['loss', 'ce', 'fr', 'logits'].map((name) => outputs[name])));
  return reachableNodes(Object.values(outputs)).filter((node) => !forward.has(node));
}

/** How often the nodes read the constant. */
function readings(nodes: readonly Node[], name: string): number {
  const isIt = ({ origin }: Value): boolean => origin.kind === 'constant' && origin.name === name;
  return nodes.reduce((sum, node) => sum + node.inputs.filter(isIt).length, 0);
}

describe('pruned gradients', () => {
  test('blocks before D are not in the step at all', () => {
    const nodes = reachableNodes(Object.values(step(withLayers(5, 3))));
    for (const d of [0, 1, 2]) expect(readings(nodes, `vision.${d}.value.weight`)).toBe(0);
    for (const d of [3, 4]) expect(readings(nodes, `vision.${d}.value.weight`)).toBeGreaterThan(0);
    expect(reachableNodes(Object.values(step(withLayers(3, 1))))).toHaveLength(nodes.length);
  });

  test('the naive form, which runs the blocks before D, builds no gradient for them either', () => {
    const count = (layers: number, depth: number): number => {
      const setting = withLayers(layers, depth);
      const outputs = naiveStep(randomWeights(setting.architecture, 0), { ...setting, ...objective });
      return gradientNodes(outputs).length;
    };
    expect(count(5, 3)).toBe(count(3, 1));
    expect(count(5, 3)).toBeLessThan(count(5, 2));
  });

  test('of block D, only the way from the loss to the keys and values of its prompts', () => {
    const nodes = gradientNodes(step(withLayers(2, 0)));
    const read = (d: number): number[] =>
      ['query', 'key', 'value', 'output', 'up', 'down'].map((which) => readings(nodes, `vision.${d}.${which}.weight`));
    // key and value: once for the prompts; in the blocks behind also for the tokens of the images
    expect(read(0)).toEqual([0, 1, 1, 1, 1, 1]);
    expect(read(1)).toEqual([1, 2, 2, 1, 1, 1]);
  });

  test('a step of one block has 14 products forward and 11 back', () => {
    const products = (nodes: readonly Node[]): number => nodes.filter(({ op }) => op.name === 'MatMul').length;
    const outputs = step(withLayers(1, 0));
    // prompts: key, value; block: query, key, value, 2 scores, 2 mixes, output, up, down; projection; logits
    expect(products(reachableNodes(['loss', 'logits', 'ce', 'fr'].map((name) => outputs[name])))).toBe(14);
    // logits; projection; down, up, output; 2 by attention weights; prompts: values, keys, value, key
    expect(products(gradientNodes(outputs))).toBe(11);
  });
});
