import { z } from 'zod';

import { firstFew } from '../src/data/problems.js';
import type { BrokenImage } from '../src/data/loader.js';
import type { Dataset } from '../src/data/sample.js';
import type { MeasureOptions } from '../src/evaluation/encode-views.js';
import { matMulFlop } from '../src/graph/flop.js';
import { imageGraph, type FoldedPrompts } from '../src/model/clip-graphs.js';
import { Random } from '../src/tensor/random.js';
import type { Context } from './command.js';
import { dataShape, describeData, openData, type DataOptions, type OpenedData } from './data-options.js';
import { describeModel, modelShape, openModel, type ModelOptions, type OpenedModel } from './model-options.js';
import { openDefense, promptsShape, type DefendedClip } from './defended-options.js';

/** Options of every command that measures a model on labelled images. */
export const measureShape = {
  ...modelShape,
  ...promptsShape,
  ...dataShape,
  limit: z.int().min(1).optional().describe('measure on this many of the images, drawn by the seed'),
  batch: z.int().min(1).max(4096).default(8).describe('images that go through the model together'),
  onBroken: z
    .enum(['skip', 'fail'])
    .default('skip')
    .describe('what to do with an image that cannot be decoded: leave it out and count it, or stop'),
};

type MeasureFlags = ModelOptions &
  DataOptions & {
    readonly prompts?: string | undefined;
    readonly limit?: number | undefined;
    readonly batch: number;
    readonly onBroken: 'skip' | 'fail';
  };

/** Everything that a measurement works on. */
export interface OpenedMeasurement extends AsyncDisposable {
  /** As it came. */
  readonly model: OpenedModel;
  /** As the defense that was asked for left it. */
  readonly defended: DefendedClip;
  readonly data: OpenedData;
  readonly options: MeasureOptions;
}

/** Opens model, data and prompts. Dispose of it when done. @throws InputError when they are not, or do not belong together */
export async function openMeasurement(context: Context, flags: MeasureFlags): Promise<OpenedMeasurement> {
  const model = await openModel(context, flags);
  try {
    const { runtime } = model;
    const listed = await openData(context, flags, model, {
      preferredSplits: ['test', 'val', 'train'],
      emptyClasses: 'allow',
    });
    const data = { ...listed, dataset: drawn(listed.dataset, flags.limit, context.seed) };
    const defense = await openDefense(context, flags, model, data);
    const { model: defendedModel, prompts } = defense.clip;
    const { decode, preprocess } = data;
    const { images, samples } = data.dataset;
    return {
      model,
      defended: defense.clip,
      data,
      options: {
        runtime,
        weights: defendedModel.clip.weights,
        source: { images, samples, decode, preprocess, onBroken: flags.onBroken },
        prompts,
        batch: flags.batch,
        progress: context.progress,
        signal: context.signal,
      },
      [Symbol.asyncDispose]: async () => {
        await defense[Symbol.asyncDispose]();
        await model[Symbol.asyncDispose]();
      },
    };
  } catch (thrown) {
    await model[Symbol.asyncDispose]();
    throw thrown;
  }
}

/** `limit` of the images in their order. A larger limit keeps the images of a smaller one. */
export function drawn(dataset: Dataset, limit: number | undefined, seed: number): Dataset {
  if (limit === undefined || limit >= dataset.samples.length) return dataset;
  const chosen = new Set(Random.stream(seed, 'measure/images').shuffled(dataset.samples).slice(0, limit));
  return { ...dataset, samples: dataset.samples.filter((sample) => chosen.has(sample)) };
}

/** Tells the person what is about to be done, and how much work it is. @param views of every image that are encoded */
export function notePlan(context: Context, { model, data, options }: OpenedMeasurement, views: number): void {
  const gflop = (views * flopOfImage(options.weights, options.prompts)) / 1e9;
  const defended = options.prompts === undefined ? '' : `, with prompts in ${options.prompts.size} blocks`;
  context.note(`model: ${describeModel(model)}${defended}`);
  context.note(`data:  ${describeData(data.dataset)}`);
  context.note(`plan:  ${views} view${views === 1 ? '' : 's'} of every image, ${gflop.toPrecision(3)} GFLOP an image`);
}

function flopOfImage(weights: MeasureOptions['weights'], prompts: FoldedPrompts | undefined): number {
  return matMulFlop(Object.values(imageGraph(weights, { batch: 1, ...(prompts === undefined ? {} : { prompts }) })));
}

/** Names the images that were left out, on stderr. */
export function noteBroken(context: Context, broken: readonly BrokenImage[]): void {
  if (broken.length === 0) return;
  const lines = firstFew(
    broken.map(({ error }) => error.message),
    '\n  ',
  );
  context.note(`left out ${broken.length} image${broken.length === 1 ? '' : 's'}:\n  ${lines}`);
}

/** What every measurement says of itself beside its numbers, for `--json`. */
export function describeMeasurement(
  { model, data }: OpenedMeasurement,
  flags: Pick<MeasureFlags, 'prompts'>,
  broken: readonly BrokenImage[],
): object {
  const { dataset } = data;
  return {
    model: { path: model.clip.path, sha256: model.clip.sha256, origin: model.clip.origin },
    prompts: flags.prompts ?? null,
    data: {
      path: dataset.source.location,
      split: dataset.source.split ?? null,
      classes: dataset.classNames.length,
      origin: dataset.source.origin,
    },
    skipped: broken.map(({ sample, error }) => ({ image: sample.path, error: error.message })),
  };
}
