import { z } from 'zod';

import { defineEntry } from '../core/catalog.js';
import { InputError } from '../core/errors.js';
import { Random } from '../tensor/random.js';
import type { Defended, DefenseEffect, DefenseInput, DefenseState } from './defense.js';
import { embedTrainingImages } from './image-embeddings.js';
import { LogisticRegression } from './logistic-regression.js';
import { coarseTrials, searchC } from './search-c.js';

/** CLIP's linear probe as CoOp runs it on few shots (lpclip/linear_probe.py) with scikit-learn. */
const published = {
  c: 'search',
  validationShots: 4,
  searchSteps: 8,
  iterations: 1000,
  tolerance: 1e-4,
  unit: false,
} as const;

const shape = {
  c: z
    .union([z.literal('search'), z.number().positive()])
    .default(published.c)
    .describe('C, the inverse of the strength of the L2 penalty; search takes the best on held-out images'),
  validationShots: z
    .int()
    .positive()
    .default(published.validationShots)
    .describe('search: images a class to hold out, half of a class at most'),
  searchSteps: z
    .int()
    .nonnegative()
    .max(50)
    .default(published.searchSteps)
    .describe('search: halvings of the range of C'),
  iterations: z.int().positive().default(published.iterations).describe('iterations of L-BFGS at most'),
  tolerance: z
    .number()
    .positive()
    .default(published.tolerance)
    .describe('L-BFGS stops where no element of the gradient of the mean loss is larger'),
  unit: z.boolean().default(published.unit).describe('scale embeddings to length 1 first'),
} as const;
type LogisticProbeSettings = z.output<z.ZodObject<typeof shape>>;

/** A linear classifier on frozen image embeddings: L2 logistic regression, solved to its optimum. */
export const logisticProbe = defineEntry({
  name: 'logistic-probe',
  summary: 'L2 logistic regression on the frozen image embeddings, by L-BFGS; C from held-out images',
  settings: shape,
  presets: { paper: { summary: 'as CoOp runs CLIP’s linear probe', settings: published } },
  create: (settings): DefenseEffect => ({ needs: 'images', run: (input) => probe(settings, input) }),
});

async function probe(settings: LogisticProbeSettings, input: DefenseInput): Promise<Defended> {
  const { runtime, textFeatures, seed, from } = input;
  const { c: given, unit } = settings;
  const images = input.images('none');
  const { labels } = images;
  const split = given === 'search' ? holdOut(labels, settings.validationShots, seed) : given;
  const embeddings = await embedTrainingImages(input, images, { views: 1, unit });
  await using fit = await LogisticRegression.create(runtime, { embeddings, labels }, textFeatures.shape[0], settings);
  const c = typeof split === 'number' ? split : await chooseC(fit, split, settings, input);
  const all = labels.map((_, index) => index);
  // the solver starts from zero and takes the same way every time: to go on is to do it again, and not to tell it twice
  const told = from?.step ?? 0;
  const { head, iterations } = await fit.solve(all, c, async (step, loss, current) => {
    input.signal?.throwIfAborted();
    const state = (): DefenseState => ({ step, tensors: new Map(Object.entries({ ...current() })) });
    // every step sees all images, and there is no rate: 1 is a whole step of Newton's method
    if (step > told) await input.onStep?.({ step, epoch: step - 1, learningRate: 1, loss }, state);
  });
  return {
    model: { kind: 'head', head: { ...head, unit } },
    steps: iterations,
    trainableParameters: head.weight.data.length + head.bias.data.length,
  };
}

interface Split {
  readonly train: readonly number[];
  readonly validation: readonly number[];
}

/**
 * Holds images out to choose on: `shots` of every class, half of the class at most.
 * @throws InputError (`usage`) when no class has two
 */
function holdOut(labels: readonly number[], shots: number, seed: number): Split {
  const train: number[] = [];
  const validation: number[] = [];
  for (const label of new Set(labels)) {
    const own = labels.flatMap((one, index) => (one === label ? [index] : []));
    const drawn = Random.stream(seed, `probe/validation/${label}`).shuffled(own);
    const held = Math.min(shots, Math.floor(own.length / 2));
    validation.push(...drawn.slice(0, held));
    train.push(...drawn.slice(held));
  }
  if (validation.length > 0) return { train, validation };
  throw new InputError({
    code: 'usage',
    operation: 'choose C of a logistic probe',
    expected: 'two images or more of some class, to hold one out',
    received: 'one of each',
    fix: 'Give c a number.',
  });
}

async function chooseC(
  fit: LogisticRegression,
  { train, validation }: Split,
  { searchSteps }: LogisticProbeSettings,
  { progress, signal }: DefenseInput,
): Promise<number> {
  const task = progress.begin('search of C', coarseTrials + 2 * searchSteps, 'fits');
  let done = 0;
  const accuracyAt = async (c: number): Promise<number> => {
    signal?.throwIfAborted();
    const { head } = await fit.solve(train, c);
    const accuracy = fit.accuracy(validation, head);
    task.update(++done, `C ${c.toPrecision(3)}, accuracy ${accuracy.toFixed(3)}`);
    return accuracy;
  };
  try {
    return await searchC(accuracyAt, searchSteps);
  } finally {
    task.end();
  }
}
