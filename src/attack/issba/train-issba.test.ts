import { expect, it } from 'vitest';

import { relativeError, withElement } from '../../../test/support/draw.js';
import { raster, type Raster } from '../../core/raster.js';
import { lowerToOnnx } from '../../graph/onnx/lower.js';
import { OnnxRuntime } from '../../node/onnx-runtime.js';
import { evaluateReference, referenceFeeds } from '../../runtime/reference.js';
import { Random } from '../../tensor/random.js';
import { sizeOf } from '../../tensor/shape.js';
import { tensor, type Tensor } from '../../tensor/tensor.js';
import { issbaGradientName, issbaTrainingGraph } from './issba-graphs.js';
import { issbaImageShape, issbaTensors } from './issba-network.js';
import { issbaSchema } from './issba-settings.js';
import { trainIssba, type IssbaLosses } from './train-issba.js';

const runtime = new OnnxRuntime({ threads: 1 });
const all = [...issbaTensors.encoder, ...issbaTensors.decoder];

function feeds(batch: number): Record<string, Tensor> {
  const random = Random.stream(3, 'issba test');
  const filled = (shape: readonly number[], value: () => number): Tensor =>
    tensor(shape, Float32Array.from({ length: sizeOf(shape) }, value));
  const weights = all.map(({ name, shape }) => [name, filled(shape, () => 0.15 * random.normal())] as const);
  return {
    ...Object.fromEntries(weights),
    images: filled([batch, ...issbaImageShape], () => random.uniform()),
    bits: filled([batch, 32], () => 2 * random.below(2) - 1),
    blur: filled([batch, 1, 1], () => random.uniform()),
    noise: filled([batch, ...issbaImageShape], () => 0.01 * random.normal()),
  };
}

it('a step is what the reference says, and its gradients are those of finite differences', async () => {
  // free of charge up to less than the residual has, so that both terms of the loss count
  const graph = issbaTrainingGraph(2, { freeSquare: 1e-4, squareWeight: 0.01 });
  const given = feeds(2);
  await using session = await runtime.compile(lowerToOnnx(graph, runtime.provider));
  const out = await session.run(given);
  const { loss, bits_loss, square } = graph;
  const reference = referenceFeeds(given);
  const expected = await evaluateReference({ loss, bits_loss, square }, reference);
  for (const name of ['loss', 'bits_loss', 'square']) {
    expect(relativeError(out[name].data, expected[name].data)).toBeLessThan(1e-5);
  }
  expect(expected['loss'].data[0] - expected['bits_loss'].data[0]).toBeGreaterThan(0.01);

  const lossAt = async (name: string, element: number, change: number): Promise<number> => {
    const moved = { ...reference, [name]: withElement(reference[name], element, change) };
    return (await evaluateReference({ loss }, moved))['loss'].data[0];
  };
  for (const [name, element] of [
    ['encoder.secret_embedding.weight', 70],
    ['encoder.block.value.weight', 5],
    ['encoder.residual.bias', 100],
    ['decoder.patch_embedding.weight', 3],
    ['decoder.bits.weight', 17],
  ] as const) {
    const step = 1e-4;
    const numeric = ((await lossAt(name, element, step)) - (await lossAt(name, element, -step))) / (2 * step);
    const gradient = out[issbaGradientName(name)].data;
    expect(gradient).toHaveLength(reference[name].data.length);
    expect(Math.abs(gradient[element] - numeric), name).toBeLessThan(1e-3 * Math.hypot(...gradient));
  }
});

it('blurring spares flat residuals, and takes most from those that change from pixel to pixel', async () => {
  // the decoder's answer hangs on the blur only where the residual does
  const { bits_loss } = issbaTrainingGraph(1, { freeSquare: 1, squareWeight: 1 });
  const given = feeds(1);
  const silent = { ...given, 'encoder.residual.weight': tensor([64, 192]) };
  const lossOf = async (blur: number, bias: (value: number) => number): Promise<number> => {
    const shift = tensor(
      [192],
      Float32Array.from({ length: 192 }, (_, i) => bias(i)),
    );
    const at = { ...silent, 'encoder.residual.bias': shift, blur: tensor([1, 1, 1], [blur]) };
    return (await evaluateReference({ bits_loss }, referenceFeeds(at)))['bits_loss'].data[0];
  };
  const flat = (): number => 0.3;
  // rows and columns alternate
  const checkered = (i: number): number => ((Math.floor(i / 3) + Math.floor(i / 24)) % 2 === 0 ? 2 : -2);
  expect(await lossOf(1, flat)).toBeCloseTo(await lossOf(0, flat), 12);
  const [sharp, soft, none] = [await lossOf(0, checkered), await lossOf(1, checkered), await lossOf(0, () => 0)];
  expect(Math.abs(soft - none)).toBeLessThan(0.7 * Math.abs(sharp - none));
});

it('learns, and the same seed gives the same weights', async () => {
  const random = Random.stream(0, 'issba images');
  const images: Raster[] = Array.from({ length: 6 }, () => {
    const color = [random.below(256), random.below(256), random.below(256)];
    return raster(
      48,
      48,
      Uint8Array.from({ length: 6912 }, (_, i) => color[i % 3]),
    );
  });
  const settings = issbaSchema.parse({ steps: 40, batchSize: 8, learningRate: 0.01 });
  const train = async (seed: number, told: IssbaLosses[] = []) =>
    trainIssba({
      runtime,
      images: { count: images.length, image: (index) => Promise.resolve(images[index]) },
      settings,
      seed,
      onStep: (losses) => told.push(losses),
    });
  const told: IssbaLosses[] = [];
  const weights = await train(1, told);
  expect(told.map(({ step }) => step)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  expect(told[39].bitsLoss).toBeLessThan(told[0].bitsLoss - 0.05);
  expect([...weights.encoder.keys()]).toEqual(issbaTensors.encoder.map(({ name }) => name));
  expect([...weights.decoder.keys()]).toEqual(issbaTensors.decoder.map(({ name }) => name));
  expect(await train(1)).toEqual(weights);
  expect(await train(2)).not.toEqual(weights);
});
