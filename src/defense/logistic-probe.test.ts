import { describe, expect, it } from 'vitest';

import { imageGraph, type LinearHead } from '../model/clip-graphs.js';
import { evaluateReference, referenceFeeds } from '../runtime/reference.js';
import { defenseInput, type MadeInput } from '../../test/support/defense-input.js';
import type { DefenseState, DefenseStep } from './defense.js';
import { logisticProbe } from './logistic-probe.js';

const labels = [0, 1, 2, 2, 1, 0, 0, 1, 2, 1];
const everyOne = labels.map((_, i) => i);

async function solved(given: Record<string, unknown>, input: MadeInput = defenseInput(labels, 3)) {
  const steps: DefenseStep[] = [];
  const states: DefenseState[] = [];
  const defended = await logisticProbe.create(given).run({
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

async function embeddingsOf(input: MadeInput): Promise<number[][]> {
  const graph = imageGraph(input.weights, { batch: labels.length });
  const { data } = (await evaluateReference(graph, referenceFeeds({ pixel_values: input.pixels(everyOne, 0) })))[
    'image_embeds'
  ];
  return labels.map((_, i) => [...data.subarray(i * 6, (i + 1) * 6)]);
}

/** C Σ CE + ½ ‖W‖², written out. @param parameters W by rows, then b */
function objective(parameters: readonly number[], rows: readonly number[][], c: number): number {
  const at = (k: number, i: number): number => parameters[k * 6 + i];
  let sum = parameters.slice(0, 18).reduce((total, w) => total + w ** 2 / 2, 0);
  rows.forEach((row, n) => {
    const logits = [0, 1, 2].map((k) => row.reduce((total, x, i) => total + at(k, i) * x, parameters[18 + k]));
    sum += c * (Math.log(logits.reduce((total, logit) => total + Math.exp(logit), 0)) - logits[labels[n]]);
  });
  return sum;
}

const parts = ({ weight, bias }: LinearHead): number[] => [...weight.data, ...bias.data];

describe('the logistic probe', () => {
  it.each([0.05, 1, 20])('ends where the gradient of scikit-learn’s objective is zero, C = %d', async (c) => {
    const input = defenseInput(labels, 3);
    const { head } = await solved({ c, tolerance: 1e-6 }, input);
    const rows = await embeddingsOf(input);
    const optimum = parts(head);
    const numeric = (point: readonly number[]): number[] =>
      point.map((_, i) => {
        const moved = (by: number): number[] => point.map((value, k) => (k === i ? value + by : value));
        return (objective(moved(1e-4), rows, c) - objective(moved(-1e-4), rows, c)) / 2e-4;
      });
    // next to how steep it is at zero
    const start = Math.hypot(...numeric(optimum.map(() => 0)));
    expect(Math.hypot(...numeric(optimum)) / start).toBeLessThan(1e-4);
    expect(Math.hypot(...head.weight.data)).toBeGreaterThan(0.05);
  });

  it('answers by the shares of the classes where the penalty leaves the bias alone', async () => {
    // C next to 0: W = 0, and softmax(b) is 3, 4, 3 of 10; b sums to 0, as it began
    const { head } = await solved({ c: 1e-9, tolerance: 1e-7 });
    expect(Math.hypot(...head.weight.data)).toBeLessThan(1e-6);
    const third = Math.log(4 / 3) / 3;
    for (const [i, expected] of [-third, 2 * third, -third].entries())
      expect(head.bias.data[i]).toBeCloseTo(expected, 5);
  });

  it('chooses C on images that it holds out, and learns from all with it', async () => {
    const { head } = await solved({ searchSteps: 0, iterations: 50 });
    const ofGrid = await Promise.all([6, 4, 2, 0, -2, -4, -6].map((c) => solved({ c: 10 ** c, iterations: 50 })));
    expect(ofGrid.map((one) => parts(one.head))).toContainEqual(parts(head));
  });

  it('goes on from a step without telling it twice', async () => {
    const whole = await solved({ c: 1 });
    expect(whole.steps.length).toBeGreaterThan(4);
    expect(whole.steps.map(({ step }) => step)).toEqual(whole.steps.map((_, i) => i + 1));
    const rest = await solved({ c: 1 }, { ...defenseInput(labels, 3), from: whole.states[2] });
    expect(rest.steps).toEqual(whole.steps.slice(3));
    expect(rest.head).toEqual(whole.head);
    expect(rest.trainableParameters).toBe(21);
  });

  it('wants a C where there is nothing to hold out', async () => {
    const single = defenseInput([0, 1, 2], 3);
    await expect(solved({}, single)).rejects.toThrow('Give c a number.');
    expect((await solved({ c: 1 }, single)).head.weight.shape).toEqual([3, 6]);
  });
});
