import { describe, expect, it } from 'vitest';

import { imageGraph, type LinearHead } from '../model/clip-graphs.js';
import { evaluateReference, referenceFeeds } from '../runtime/reference.js';
import { epochOrder } from '../training/epoch-order.js';
import { defenseInput, type MadeInput } from '../../test/support/defense-input.js';
import { relativeError } from '../../test/support/draw.js';
import type { DefenseState, DefenseStep } from './defense.js';
import { linearProbe } from './linear-probe.js';

const labels = [0, 1, 2, 2, 1, 0, 0];
const settings = { epochs: 3, batchSize: 3, learningRate: 0.05 };

async function trained(given: Record<string, unknown>, input: MadeInput = defenseInput(labels, 3)) {
  const steps: DefenseStep[] = [];
  const states: DefenseState[] = [];
  const defended = await linearProbe.create({ ...settings, ...given }).run({
    ...input,
    onStep: (step, state) => {
      steps.push(step);
      states.push(state());
      return Promise.resolve();
    },
  });
  if (defended.model.kind !== 'head') throw new Error('not a head');
  return { ...defended, head: defended.model.head, steps, states };
}

/** The embeddings of an image in float64, as the reference evaluates the tower. */
async function embeddingsOf(input: MadeInput, view: number): Promise<number[][]> {
  const graph = imageGraph(input.weights, { batch: labels.length });
  const feeds = referenceFeeds({
    pixel_values: input.pixels(
      labels.map((_, i) => i),
      view,
    ),
  });
  const { data } = (await evaluateReference(graph, feeds))['image_embeds'];
  return labels.map((_, i) => [...data.subarray(i * 6, (i + 1) * 6)]);
}

interface NaiveSettings {
  readonly momentum: number;
  readonly weightDecay: number;
  readonly views: number;
  readonly unit: boolean;
}

/** Softmax regression by SGD, written out: the weights with the bias as their last column. */
async function naive(input: MadeInput, { momentum, weightDecay, views, unit }: NaiveSettings) {
  const byView = [];
  for (let view = 0; view < views; view++) {
    const rows = await embeddingsOf(input, view);
    byView.push(rows.map((row) => [...row.map((x) => x / (unit ? Math.hypot(...row) : 1)), 1]));
  }
  const weights = [0, 1, 2].map(() => Array.from({ length: 7 }, () => 0));
  const velocity = weights.map((row) => row.slice());
  const losses: number[] = [];
  for (let epoch = 0; epoch < settings.epochs; epoch++) {
    const order = epochOrder(labels.length, epoch, input.seed);
    for (let start = 0; start < order.length; start += settings.batchSize) {
      const batch = order.slice(start, start + settings.batchSize);
      const gradient = weights.map((row) => row.map((w) => weightDecay * w));
      let loss = 0;
      for (const index of batch) {
        const x = byView[epoch % views][index];
        const powers = weights.map((row) => Math.exp(row.reduce((sum, w, k) => sum + w * x[k], 0)));
        const total = powers[0] + powers[1] + powers[2];
        loss -= Math.log(powers[labels[index]] / total) / batch.length;
        powers.forEach((power, c) => {
          const error = power / total - (c === labels[index] ? 1 : 0);
          x.forEach((value, k) => (gradient[c][k] += (error * value) / batch.length));
        });
      }
      losses.push(loss);
      for (const [c, row] of weights.entries()) {
        for (let k = 0; k < 7; k++) {
          velocity[c][k] = momentum * velocity[c][k] + gradient[c][k];
          row[k] -= settings.learningRate * velocity[c][k];
        }
      }
    }
  }
  return { weight: weights.flatMap((row) => row.slice(0, 6)), bias: weights.map((row) => row[6]), losses };
}

const parts = ({ weight, bias }: LinearHead): number[] => [...weight.data, ...bias.data];

describe('the linear probe', () => {
  it.each([
    { momentum: 0.9, weightDecay: 0, unit: false, augmentation: 'none', views: 4 },
    { momentum: 0.5, weightDecay: 0.1, unit: true, augmentation: 'crop-flip', views: 2 },
  ])('is softmax regression by SGD, momentum $momentum, decay $weightDecay, unit $unit', async (given) => {
    const input = defenseInput(labels, 3);
    const { head, steps, ...defended } = await trained(given, input);
    const expected = await naive(input, { ...given, views: given.augmentation === 'none' ? 1 : given.views });
    expect(relativeError(parts(head), [...expected.weight, ...expected.bias])).toBeLessThan(1e-5);
    expect(head).toMatchObject({ unit: given.unit, weight: { shape: [3, 6] }, bias: { shape: [3] } });
    expect(
      relativeError(
        steps.map(({ loss }) => loss),
        expected.losses,
      ),
    ).toBeLessThan(1e-5);
    expect(Math.hypot(...expected.weight)).toBeGreaterThan(0.1);
    // three epochs of 3 + 3 + 1 images; 3 · 6 weights and 3 biases
    expect(steps.map(({ step, epoch }) => [step, epoch])).toEqual(
      [0, 0, 0, 1, 1, 1, 2, 2, 2].map((epoch, i) => [i + 1, epoch]),
    );
    expect(defended).toMatchObject({ trainableParameters: 21 });
  });

  it('goes on from any step to the same bits', async () => {
    const whole = await trained({});
    for (const from of [whole.states[0], whole.states[4]]) {
      const rest = await trained({}, { ...defenseInput(labels, 3), from });
      expect(rest.head).toEqual(whole.head);
      expect(rest.steps).toEqual(whole.steps.slice(from.step));
    }
  });

  it('refuses to go on from a state of another probe', async () => {
    const [state] = (await trained({})).states;
    const input = { ...defenseInput(labels, 4), from: state };
    await expect(trained({}, input)).rejects.toThrow('expected weight and momentum.weight of 24 elements');
  });

  it('draws its initial weights from the seed', async () => {
    const drawn = { initialStd: 0.1, learningRate: 1e-9 };
    const { data } = (await trained(drawn)).head.weight;
    const deviation = Math.sqrt(data.reduce((sum, w) => sum + w * w, 0) / data.length);
    expect(deviation).toBeGreaterThan(0.05);
    expect(deviation).toBeLessThan(0.2);
    expect((await trained(drawn, { ...defenseInput(labels, 3), seed: 6 })).head.weight.data).not.toEqual(data);
  });

  it('stops where the loss is no number', async () => {
    await expect(trained({ learningRate: 1e38 })).rejects.toThrow(/expected a finite loss, got NaN at step \d/);
  });

  it('has the published settings as its preset', () => {
    expect(linearProbe.presets['paper'].settings).toMatchObject({
      learningRate: 0.01,
      momentum: 0.9,
      batchSize: 32,
      epochs: 40,
    });
  });
});
