import { describe, expect, it } from 'vitest';

import { gradients } from '../graph/autodiff.js';
import * as ops from '../graph/ops/index.js';
import { Graph } from '../graph/value.js';
import type { ReferenceTensor } from '../graph/op.js';
import { evaluateReference } from '../runtime/reference.js';
import { Random } from '../tensor/random.js';
import { epochOrder } from '../training/epoch-order.js';
import { defendedArchitecture, defenseInput, type MadeInput } from '../../test/support/defense-input.js';
import { relativeError } from '../../test/support/draw.js';
import { NaiveVision } from '../../test/support/naive-clip.js';
import { adversarialVpt } from './adversarial-prompt-tuning.js';
import type { DefenseState, DefenseStep } from './defense.js';
import { initialPrompts } from './tune-prompts.js';

const labels = [0, 1, 2, 2, 1];
const { imageSize, width, layers } = defendedArchitecture.vision;
const size = 3 * imageSize ** 2;

const settings = {
  depth: 1,
  tokens: 2,
  epochs: 2,
  batchSize: 3,
  learningRate: 0.3,
  schedule: 'constant',
  warmupEpochs: 0,
  momentum: 0.5,
  weightDecay: 0.01,
  promptStd: 0.5,
  augmentation: 'none',
  dropLast: false,
  epsilon: 12,
  attackStepSize: 5,
  attackSteps: 3,
  adversarialShare: 0.7,
};

async function tuned(given: Record<string, unknown> = {}, input: MadeInput = defenseInput(labels, 3)) {
  const steps: DefenseStep[] = [];
  const states: DefenseState[] = [];
  const preset = adversarialVpt.presets['small'].settings;
  const defended = await adversarialVpt.create({ ...preset, ...settings, ...given }).run({
    ...input,
    onStep: (step, state) => {
      steps.push(step);
      states.push(state());
      return Promise.resolve();
    },
  });
  if (defended.model.kind !== 'prompts') throw new Error('not prompts');
  return { ...defended, prompts: defended.model.prompts, steps, states };
}

/** Loss and gradients of the textbook form of the prompted model, in float64. @param pixels in [0, 1] */
function textbook({ weights, preprocess, textFeatures }: MadeInput, batch: number) {
  const graph = new Graph();
  const naive = new NaiveVision(graph, weights);
  const pixels = graph.input('pixels', [batch, 3, imageSize, imageSize]);
  const prompts = new Map([1, 2].map((d) => [d, graph.input(`p${d}`, [2, width])]));
  const channels = [0, 1, 2].map((c) => {
    const channel = ops.slice(pixels, 1, c, c + 1);
    return ops.scale(ops.sub(channel, graph.scalar(preprocess.mean[c])), 1 / preprocess.std[c]);
  });
  const tokens = naive.classTokens(ops.concat([channels[0], ...channels.slice(1)], 1), prompts);
  const text = graph.constant('text', textFeatures.shape, textFeatures.data);
  const logits = naive.logits(naive.embedding(tokens[layers]), text);
  const right = ops.mul(ops.log(ops.softmax(logits)), graph.input('targets', [batch, 3]));
  const loss = ops.reshape(ops.scale(ops.reduceSum(right, [0, 1]), -1 / batch), []);
  const [byPixels, ...byPrompts] = gradients(loss, [pixels, ...prompts.values()]);
  return { loss, byPixels, byPrompts };
}

/** Adversarial training written out, in float64. */
async function naive(input: MadeInput) {
  const made = initialPrompts(defendedArchitecture, settings, input.seed);
  const prompts = [1, 2].map((d) => Float64Array.from(made.get(d)?.data ?? []));
  const velocities = prompts.map((prompt) => prompt.map(() => 0));
  const losses: number[] = [];
  for (let epoch = 0; epoch < settings.epochs; epoch++) {
    const order = epochOrder(labels.length, epoch, input.seed);
    for (const batch of [order.slice(0, 3), order.slice(3)]) {
      const { loss, byPixels, byPrompts } = textbook(input, batch.length);
      const targets = batch.flatMap((index) => [0, 1, 2].map((c) => (labels[index] === c ? 1 : 0)));
      const clean = cleanPixels(input, batch);
      let x = clean.slice();
      const feeds = (): Record<string, ReferenceTensor> => ({
        pixels: { shape: [batch.length, 3, imageSize, imageSize], data: x },
        targets: { shape: [batch.length, 3], data: Float64Array.from(targets) },
        p1: { shape: [2, width], data: prompts[0] },
        p2: { shape: [2, width], data: prompts[1] },
      });
      // 70 % of 3 are 2, of 2 are 1: the first image stays as it is
      const epsilon = settings.epsilon / 255;
      const put = (i: number, value: number): number => {
        if (i < size) return clean[i];
        return Math.min(1, Math.max(0, Math.min(clean[i] + epsilon, Math.max(clean[i] - epsilon, value))));
      };
      const starts = batch.map((index) => Random.stream(input.seed, `adversarial/${epoch}/${index}`));
      x = x.map((value, i) =>
        put(i, value + (i < size ? 0 : epsilon * (2 * starts[Math.floor(i / size)].uniform() - 1))),
      );
      for (let step = 0; step < settings.attackSteps; step++) {
        const { data } = (await evaluateReference({ byPixels }, feeds()))['byPixels'];
        x = x.map((value, i) => put(i, value + (settings.attackStepSize / 255) * Math.sign(data[i])));
      }
      const out = await evaluateReference({ loss, p1: byPrompts[0], p2: byPrompts[1] }, feeds());
      losses.push(out['loss'].data[0]);
      prompts.forEach((prompt, k) => {
        const { data } = out[`p${k + 1}`];
        prompt.forEach((value, i) => {
          velocities[k][i] = settings.momentum * velocities[k][i] + data[i] + settings.weightDecay * value;
          prompt[i] -= settings.learningRate * velocities[k][i];
        });
      });
    }
  }
  return { prompts, losses };
}

function cleanPixels(input: MadeInput, batch: readonly number[]): Float64Array {
  const { mean, std } = input.preprocess;
  return Float64Array.from(input.pixels(batch, 0).data, (value, i) => {
    const channel = Math.floor(i / imageSize ** 2) % 3;
    return Math.min(1, Math.max(0, value * std[channel] + mean[channel]));
  });
}

describe('adversarial visual prompt tuning', () => {
  it('tunes as the textbook form does, attack and all', async () => {
    const input = defenseInput(labels, 3);
    const { prompts, steps, trainableParameters } = await tuned({}, input);
    const expected = await naive(input);
    expect(
      relativeError(
        steps.map(({ loss }) => loss),
        expected.losses,
      ),
    ).toBeLessThan(1e-4);
    const start = initialPrompts(defendedArchitecture, settings, input.seed);
    for (const [k, d] of [1, 2].entries()) {
      const moved = Array.from(expected.prompts[k], (value, i) => value - (start.get(d)?.data[i] ?? 0));
      const ours = Array.from(prompts.get(d)?.data ?? [], (value, i) => value - (start.get(d)?.data[i] ?? 0));
      const length = Math.hypot(...moved);
      expect(length).toBeGreaterThan(0.01);
      expect(
        relativeError(
          ours.map((x) => x / length),
          moved.map((x) => x / length),
        ),
      ).toBeLessThan(1e-3);
    }
    expect(steps.map(({ step, epoch }) => [step, epoch])).toEqual([
      [1, 0],
      [2, 0],
      [3, 1],
      [4, 1],
    ]);
    expect(trainableParameters).toBe(2 * 2 * width);
  });

  it('without an attack tunes on the images as they are', async () => {
    const none = await tuned({ adversarialShare: 0 });
    const ofNoSize = await tuned({ epsilon: 0, adversarialShare: 1 });
    expect(ofNoSize.prompts).toEqual(none.prompts);
    expect((await tuned()).prompts).not.toEqual(none.prompts);
  });

  it('prompts the blocks that it is told to, and says when the model has not so many', async () => {
    const { seed } = defenseInput(labels, 3);
    const one = await tuned({ depth: 0, blocks: 1 });
    expect([...one.prompts.keys()]).toEqual([0]);
    expect(one.trainableParameters).toBe(2 * width);
    expect(one.prompts.get(0)).not.toEqual(
      initialPrompts(defendedArchitecture, { ...settings, depth: 0 }, seed).get(0),
    );
    await expect(tuned({ depth: layers })).rejects.toThrow(`a depth D from 0 to ${layers - 1}`);
    await expect(tuned({ depth: 1, blocks: layers })).rejects.toThrow(`at most ${layers - 1} blocks with prompts`);
  });

  it('goes on from any step to the same bits', async () => {
    const whole = await tuned();
    for (const from of [whole.states[0], whole.states[2]]) {
      const rest = await tuned({}, { ...defenseInput(labels, 3), from });
      expect(rest.prompts).toEqual(whole.prompts);
      expect(rest.steps).toEqual(whole.steps.slice(from.step));
    }
  });
});
