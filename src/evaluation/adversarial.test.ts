import { beforeAll, describe, expect, it } from 'vitest';

import { raster } from '../core/raster.js';
import { silentProgress } from '../core/progress.js';
import { clipPreprocess } from '../data/preprocess.js';
import { foldPrompts } from '../inference/fold-prompts.js';
import type { FoldedPrompts, LinearHead } from '../model/clip-graphs.js';
import { OnnxRuntime } from '../node/onnx-runtime.js';
import { evaluateReference, referenceFeeds } from '../runtime/reference.js';
import { Random } from '../tensor/random.js';
import { tensor } from '../tensor/tensor.js';
import { projectedGradientDescent } from '../training/pgd.js';
import { defendedArchitecture, defenseInput } from '../../test/support/defense-input.js';
import { relativeError, withElement } from '../../test/support/draw.js';
import { MemoryFolder } from '../../test/support/memory-folder.js';
import { normalTensor } from '../../test/support/random-clip.js';
import { adversarialAccuracy, type AdversarialOptions } from './adversarial.js';
import { adversarialGraph } from './adversarial-graph.js';
import { evaluateClip } from './evaluate.js';

const runtime = new OnnxRuntime({ threads: 1 });
const classes = 3;
const { weights, textFeatures } = defenseInput([], classes);
const side = defendedArchitecture.vision.imageSize;
const preprocess = clipPreprocess(side);
const head: LinearHead = {
  weight: normalTensor(1, 'weight', [classes, defendedArchitecture.embedDim], 1),
  bias: tensor([classes], [0.2, -0.1, 0]),
  unit: true,
};
let prompts: FoldedPrompts;
beforeAll(async () => {
  const { width } = defendedArchitecture.vision;
  prompts = await foldPrompts(runtime, weights, new Map([1, 2].map((d) => [d, normalTensor(d, 'p', [4, width], 1)])));
});

/** Models by what was done to them. */
const kinds = ['as it came', 'with prompts', 'with a head'] as const;
const classifier = (kind: (typeof kinds)[number]): Pick<AdversarialOptions, 'prompts' | 'head' | 'textFeatures'> => ({
  textFeatures,
  ...(kind === 'with prompts' ? { prompts } : {}),
  ...(kind === 'with a head' ? { head } : {}),
});

describe.each(kinds)('a model %s', (kind) => {
  it('has the gradient by the pixels that finite differences give, each image of its own loss', async () => {
    const graph = adversarialGraph(weights, preprocess, classifier(kind), 2);
    const random = Random.stream(2, 'pixels');
    const pixels = tensor(
      [2, 3, side, side],
      Float32Array.from({ length: 6 * side * side }, () => random.uniform()),
    );
    const feeds = referenceFeeds({ pixels, targets: tensor([2, classes], [0, 1, 0, 0, 0, 1]) });
    const { gradient } = await evaluateReference(graph, feeds);
    const checked = Array.from({ length: 24 }, (_, i) => i * 16 + (i % 5));
    const numeric: number[] = [];
    for (const element of checked) {
      const lossesAt = async (change: number): Promise<Float64Array> => {
        const moved = { ...feeds, pixels: withElement(feeds['pixels'], element, change) };
        return (await evaluateReference({ losses: graph['losses'] }, moved))['losses'].data;
      };
      const [above, below] = [await lossesAt(1e-5), await lossesAt(-1e-5)];
      const own = element < 3 * side * side ? 0 : 1;
      expect(above[1 - own]).toBe(below[1 - own]);
      numeric.push((above[own] - below[own]) / 2e-5);
    }
    expect(Math.hypot(...numeric)).toBeGreaterThan(0.01);
    const analytic = checked.map((element) => gradient.data[element]);
    expect(relativeError(analytic, numeric)).toBeLessThan(1e-7);
  });

  it('loses more, image by image, where the attack ends', async () => {
    const graph = adversarialGraph(weights, preprocess, classifier(kind), 2);
    const pixels = tensor([2, 3, side, side], new Float32Array(6 * side * side).fill(0.5));
    const at = async (where: typeof pixels) => {
      const { losses, gradient } = await evaluateReference(
        graph,
        referenceFeeds({ pixels: where, targets: tensor([2, classes], [1, 0, 0, 0, 1, 0]) }),
      );
      return { losses, gradient: tensor(gradient.shape, Float32Array.from(gradient.data)) };
    };
    const pgd = { epsilon: 4, stepSize: 1, steps: 6, randomStart: false };
    const moved = await projectedGradientDescent(async (where) => (await at(where)).gradient, pixels, pgd, []);
    const [before, after] = [(await at(pixels)).losses.data, (await at(moved)).losses.data];
    for (const i of [0, 1]) expect(after[i]).toBeGreaterThan(before[i] + 0.01);
  });

  it('answers in the graph as in an evaluation, on images as they are', async () => {
    const options = optionsFor(kind);
    const { clean, predictions } = await adversarialAccuracy({ ...options, pgd: { ...options.pgd, steps: 0 } });
    const evaluation = await evaluateClip(options);
    expect(predictions.map(({ predicted }) => predicted)).toEqual(
      evaluation.predictions.map(({ predicted }) => predicted),
    );
    expect(clean.rate).toBe(evaluation.clean.ca);
  });

  it('withstands an attack of no size, and less the larger it is', async () => {
    const options = optionsFor(kind);
    const under = (epsilon: number): ReturnType<typeof adversarialAccuracy> =>
      adversarialAccuracy({ ...options, pgd: { ...options.pgd, epsilon, stepSize: epsilon / 4 || 1 } });
    const [none, large] = [await under(0), await under(60)];
    expect(none.predictions.every(({ predicted, attacked }) => predicted === attacked)).toBe(true);
    expect(none.adversarial).toEqual(none.clean);
    expect(large.clean).toEqual(none.clean);
    expect(large.clean.rate).toBeGreaterThan(0.2);
    expect(large.adversarial.rate).toBeLessThan(large.clean.rate / 2);
  });
});

it('gives the same answers again, whatever the batch', async () => {
  const options = optionsFor('with prompts');
  const first = await adversarialAccuracy(options);
  expect(await adversarialAccuracy({ ...options, batch: 3 })).toEqual(first);
});

it('refuses a head of other classes, and data of which no image counts', async () => {
  const other = { ...head, bias: tensor([2]), weight: tensor([2, 6]) };
  await expect(adversarialAccuracy({ ...optionsFor('as it came'), head: other })).rejects.toThrow(
    'expected a head for',
  );
  const nothing = { ...optionsFor('as it came').source, samples: [] };
  await expect(adversarialAccuracy({ ...optionsFor('as it came'), source: nothing })).rejects.toThrow(
    'compute the clean accuracy',
  );
});

/** Images of noise. */
function optionsFor(kind: (typeof kinds)[number]): AdversarialOptions {
  const samples = Array.from({ length: 13 }, (_, i) => ({ path: `${i}.raw`, label: i % classes }));
  const files = samples.map(({ path }): [string, Uint8Array] => {
    const random = Random.stream(9, path);
    return [path, Uint8Array.from({ length: side * side * 3 }, () => random.below(256))];
  });
  return {
    ...classifier(kind),
    runtime,
    weights,
    source: {
      images: new MemoryFolder('memory', Object.fromEntries(files)),
      samples,
      decode: async (file) => raster(side, side, await file.read(0, file.size)),
      preprocess,
    },
    batch: 5,
    progress: silentProgress,
    pgd: { epsilon: 8, stepSize: 2, steps: 10, randomStart: true },
    seed: 0,
  };
}
