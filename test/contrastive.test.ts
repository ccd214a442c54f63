import { beforeAll, describe, expect, test } from 'vitest';

import { Golden, goldenWeights } from './support/golden.js';
import { webgpuRuntime } from './support/webgpu.js';
import { lowerToOnnx } from '../src/graph/onnx/lower.js';
import { endOfTextMask } from '../src/model/end-of-text.js';
import type { Tokenizer } from '../src/model/tokenizer.js';
import type { ClipWeights } from '../src/model/weights.js';
import { OnnxRuntime } from '../src/node/onnx-runtime.js';
import type { Feeds } from '../src/runtime/session.js';
import type { IntTensor, Tensor } from '../src/tensor/tensor.js';
import { contrastiveGraph } from '../src/training/contrastive-graph.js';
import { ContrastiveTrainer } from '../src/training/contrastive-trainer.js';
import { weightGradientName } from '../src/training/step-outputs.js';
import type { WeightSettings } from '../src/training/weight-trainer.js';

const batch = 6;
const tokens = 24;

let golden: Golden;
let weights: ClipWeights;
let ids: IntTensor;
beforeAll(async () => {
  golden = await Golden.open();
  weights = await goldenWeights();
  const { shape, data } = golden.get('contrastive.input_ids');
  ids = { shape, data: BigInt64Array.from(data, BigInt) };
});

async function weightFeeds(): Promise<Feeds> {
  const feeds: Record<string, Tensor> = {};
  for (const [name, shape] of weights.shapes) feeds[name] = { shape, data: await weights.read(name) };
  return feeds;
}

/** Speaks the golden texts: text `3` is row 3. */
const rows = (): Tokenizer => ({
  vocabularySize: 600,
  contextLength: tokens,
  startToken: 598,
  endToken: 599,
  names: { start: '<start>', end: '<end>' },
  json: {},
  tokenIds: (text) => [...ids.data.subarray(Number(text) * tokens, (Number(text) + 1) * tokens)].map(Number),
  encode: (texts) => ({
    shape: [texts.length, tokens],
    data: BigInt64Array.from(texts.flatMap((text) => rows().tokenIds(text)).map(BigInt)),
  }),
});
const captions = Array.from({ length: batch }, (_, i) => String(i));

function transposed({ shape: [rowCount, columns], data }: Tensor): Float32Array {
  return Float32Array.from(data, (_, at) => data[(at % rowCount) * columns + Math.floor(at / rowCount)]);
}

function norm(data: ArrayLike<number>): number {
  return Math.sqrt(Array.from(data).reduce((sum, g) => sum + g * g, 0));
}

// AdamW as golden.safetensors was made with it
const settings: WeightSettings = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1, decay: 'all' };

describe.each([new OnnxRuntime(), ...webgpuRuntime({ forbidFallback: false })])('on $device', (runtime) => {
  const gradientsAt = async (tensors: Feeds): Promise<Readonly<Record<string, Tensor>>> => {
    const program = lowerToOnnx(contrastiveGraph(weights, { batch, tokens }), runtime.provider);
    await using session = await runtime.compile(program);
    return await session.run({
      ...tensors,
      pixel_values: golden.get('pixel_values'),
      input_ids: ids,
      end_of_text: endOfTextMask(ids, weights.architecture.text),
    });
  };
  const expectClose = (ours: ArrayLike<number>, theirs: ArrayLike<number>): void => {
    expect(ours).toHaveLength(theirs.length);
    expect(norm(Array.from(ours, (g, i) => g - theirs[i])) / norm(theirs)).toBeLessThan(1e-3);
  };

  test('InfoNCE and its gradients by all weights meet PyTorch in float64', async () => {
    const got = await gradientsAt(await weightFeeds());
    const loss = golden.scalar('contrastive.loss');
    expect(Math.abs(got['loss'].data[0] - loss) / loss).toBeLessThan(1e-4);
    const tokenGradient = golden.get('contrastive.grad.token_embedding.weight').data;
    expectClose(got[weightGradientName('text.token_embedding')].data, tokenGradient);
    const all = norm([...weights.shapes.keys()].flatMap((name) => [...got[weightGradientName(name)].data]));
    expect(all / golden.scalar('contrastive.grad_norm')).toBeCloseTo(1, 4);
  });

  // the optimiser is the same code on every device, and the software driver takes a minute for it
  test.runIf(runtime.device === 'cpu')('three steps of AdamW, and the gradients at the third', async () => {
    await using trainer = await ContrastiveTrainer.create(runtime, weights, rows(), settings);
    const losses: number[] = [];
    const step = async (): Promise<void> => {
      losses.push((await trainer.step({ pixels: golden.get('pixel_values'), captions }, 1e-3)).loss);
    };
    await step();
    await step();

    // test/golden/README.md says why these are gradients after two steps
    const tensors: Record<string, Tensor> = {};
    for (const [name, shape] of weights.shapes) tensors[name] = { shape, data: await trainer.weights().read(name) };
    const got = await gradientsAt(tensors);
    const gradient = (name: string): Float32Array => got[weightGradientName(name)].data;
    const expected = (name: string): Float32Array => golden.get(`contrastive.grad.${name}`).data;
    const inProjection = ['query', 'key', 'value'].flatMap((part) => [
      ...gradient(`vision.blocks.0.attention.${part}.bias`),
    ]);
    for (const [ours, theirs] of [
      [gradient('vision.patch_embedding.weight'), expected('visual.conv1.weight')],
      [gradient('vision.class_embedding'), expected('visual.class_embedding')],
      [gradient('vision.position_embedding'), expected('visual.positional_embedding')],
      [inProjection, expected('visual.transformer.resblocks.0.attn.in_proj_bias')],
      [gradient('vision.blocks.1.norm_2.weight'), expected('visual.transformer.resblocks.1.ln_2.weight')],
      [gradient('vision.blocks.2.mlp.down.bias'), expected('visual.transformer.resblocks.2.mlp.c_proj.bias')],
      [gradient('vision.projection'), transposed(golden.get('contrastive.grad.visual.proj'))],
      [gradient('text.position_embedding'), expected('positional_embedding')],
      [gradient('text.blocks.0.attention.output.weight'), expected('transformer.resblocks.0.attn.out_proj.weight')],
      [gradient('text.final_norm.bias'), expected('ln_final.bias')],
      [gradient('text.projection'), transposed(golden.get('contrastive.grad.text_projection'))],
      [gradient('logit_scale'), expected('logit_scale')],
    ] as const) {
      expectClose(ours, theirs);
    }

    await step();
    await step();
    const errors = losses.map((loss, i) => Math.abs(loss / golden.get('adamw3.losses').data[i] - 1));
    expect(Math.max(...errors.slice(0, 3))).toBeLessThan(1e-4);
    // Adam's first steps go by the signs of the gradients, so rounding is amplified: the golden weights are themselves
    // rounded to float32, and from them float64 throughout ends 4e-4 away from the golden file
    expect(errors[3]).toBeLessThan(2e-3);
  });
});

describe('a step of contrastive training', () => {
  const runtime = new OnnxRuntime();
  const pixels = (): Tensor => golden.get('pixel_values');

  test('that keeps every patch, in any order, is the step without dropping', async () => {
    await using plain = await ContrastiveTrainer.create(runtime, weights, rows(), settings);
    await using kept = await ContrastiveTrainer.create(runtime, weights, rows(), settings);
    const order = [5, 0, 15, 3, 8, 1, 2, 4, 6, 7, 9, 14, 13, 12, 11, 10];
    const patches = captions.map((_, image) => [...order.slice(image), ...order.slice(0, image)]);
    const a = await plain.step({ pixels: pixels(), captions }, 1e-3);
    const b = await kept.step({ pixels: pixels(), captions, patches }, 1e-3);
    expect(b.loss).toBeCloseTo(a.loss, 5);
    expect(b.gradientNorm / a.gradientNorm).toBeCloseTo(1, 4);
  });

  test('that drops patches does not see them', async () => {
    const kept = captions.map((_, image) => [image, image + 3]);
    const hidden = { shape: pixels().shape, data: pixels().data.slice() };
    // patch 15, the last one, belongs to no image
    for (let image = 0; image < batch; image++) {
      for (let channel = 0; channel < 3; channel++) {
        for (let y = 48; y < 64; y++)
          hidden.data.fill(9, ((image * 3 + channel) * 64 + y) * 64 + 48, ((image * 3 + channel) * 64 + y) * 64 + 64);
      }
    }
    const lossOf = async (tensor: Tensor, patches?: number[][]): Promise<number> => {
      await using trainer = await ContrastiveTrainer.create(runtime, weights, rows(), settings);
      return (await trainer.step({ pixels: tensor, captions, ...(patches === undefined ? {} : { patches }) }, 0)).loss;
    };
    expect(await lossOf(hidden, kept)).toBe(await lossOf(pixels(), kept));
    expect(await lossOf(hidden)).not.toBe(await lossOf(pixels()));
  });

  test('scales the gradient down to the norm asked for, leaves gains and biases undecayed by choice', async () => {
    // with β = 0 and a large ε, a step is η g / ε: the change shows the gradient
    const plain = { ...settings, beta1: 0, beta2: 0, epsilon: 1e6, weightDecay: 0 };
    const change = async (more: Partial<WeightSettings>): Promise<Map<string, number>> => {
      await using trainer = await ContrastiveTrainer.create(runtime, weights, rows(), { ...plain, ...more });
      await trainer.step({ pixels: pixels(), captions }, 1e4);
      const moved = new Map<string, number>();
      for (const [name, { data: now }] of trainer.tensors) {
        const before = await weights.read(name);
        moved.set(name, Math.sqrt(now.reduce((sum, value, i) => sum + (value - before[i]) ** 2, 0)));
      }
      return moved;
    };
    const total = (moved: ReadonlyMap<string, number>): number => Math.hypot(...moved.values());
    const free = total(await change({}));
    const clipped = total(await change({ clipNorm: free * 50 })); // the gradient's norm is 100 × free
    expect(clipped / free).toBeCloseTo(0.5, 2);

    const decayed = await change({ epsilon: 1e30, weightDecay: 1e-5, decay: 'matrices' });
    expect(decayed.get('vision.blocks.0.norm_1.weight')).toBe(0);
    expect(decayed.get('logit_scale')).toBe(0);
    expect(decayed.get('text.projection')).toBeGreaterThan(0);
  });
});
