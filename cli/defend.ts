import path from 'node:path';
import { z } from 'zod';

import { InputError } from '../src/core/errors.js';
import { cachedPairs } from '../src/data/cached-pairs.js';
import { classCaptionPairs, openCaptionPairs } from '../src/data/caption-pairs.js';
import { chooseFewShot, fromSampleList } from '../src/data/few-shot.js';
import { ImageLoader } from '../src/data/loader.js';
import { pairSource } from '../src/data/pair-images.js';
import type { PairSource } from '../src/data/pair-source.js';
import type { Sample } from '../src/data/sample.js';
import { parseJson, readText } from '../src/data/text-file.js';
import { defenses, parseDefense } from '../src/defense/defenses.js';
import type { TuningPlan } from '../src/defense/plan.js';
import { methodNames, type Method } from '../src/defense/prompt-methods.js';
import {
  givenTuningSchema,
  presetFor,
  tuningPresetNames,
  tuningSettings,
  type TuningPreset,
} from '../src/defense/tuning-settings.js';
import { datasetLocation } from '../src/node/dataset-location.js';
import { FileBytes } from '../src/node/files.js';
import { defend as runDefend, type DefendResult } from '../src/run/defend.js';
import { runDefense } from '../src/run/run-defense.js';
import { runFiles } from '../src/run/schema.js';
import { defineCommand, type Context } from './command.js';
import { dataShape, describeData, openData, type OpenedData } from './data-options.js';
import { describeModel, modelShape, openModel, type OpenedModel } from './model-options.js';
import { flagName } from './option-spec.js';
import type { Format } from './output.js';
import { formatDuration } from './progress.js';
import { writeReport } from './report.js';
import { describeTest, measureTest, openTest, testShape } from './test-options.js';

const methods = defenses.map(({ name, summary }) => `${name}: ${summary}`).join('; ');

const schema = z.object({
  ...modelShape,
  ...dataShape,
  out: z.string().describe('run folder to write'),
  resume: z.boolean().default(false).describe('go on with the run that is in the folder'),
  method: z
    .string()
    .default('rvpt')
    .describe(
      `the defense (${methods}); settings of those that tune no prompts as in finetune-ce:alpha=2,epochs=5, those of ` +
        'their papers as in cleanclip@paper',
    ),
  pairs: z
    .string()
    .optional()
    .describe(
      'for a method that learns from image-caption pairs: a list of them, as `rvpt poison` takes it; by default the ' +
        'few-shot images with their class prompts',
    ),
  shots: z.int().positive().default(16).describe('images a class to tune on'),
  scarce: z
    .enum(['refuse', 'take-all'])
    .default('refuse')
    .describe('what to do with a class that has fewer images than shots'),
  samples: z.string().optional().describe('samples.json of a run: tune on just these images'),
  onBroken: z
    .enum(['fail', 'skip'])
    .default('fail')
    .describe('what to do with an image that cannot be decoded: stop, or tune without it'),
  preset: z
    .enum(['auto', ...tuningPresetNames])
    .default('auto')
    .describe(
      'where settings below that are not given come from; auto: small for models of fewer than 12 blocks, else paper',
    ),
  ...givenTuningSchema.shape,
  cacheMemory: z.number().nonnegative().default(2048).describe('MiB of features to keep in memory, the rest on disk'),
  saveEvery: z.number().nonnegative().default(30).describe('seconds between two saved states within an epoch'),
  ...testShape,
  report: z.boolean().default(true).describe(`write no ${runFiles.report} into the run`),
});

export const defend = defineCommand({
  name: 'defend',
  summary: 'tune visual prompts that free a CLIP of its backdoor, on a few clean labelled images',
  options: schema,
  examples: [
    { description: 'the paper’s settings', command: 'defend --model clip --data pets/train --out runs/pets' },
    {
      description: 'oxford_pets with its class prompt, 8 images a class',
      command: 'defend --model clip.pt --data oxford_pets --shots 8 --out runs/pets8',
    },
    { description: 'go on after a crash', command: 'defend --model clip --data pets/train --out runs/pets --resume' },
    {
      description: 'with the attack that is feared, before and after, in the report',
      command:
        'defend --model clip --data pets/train --out runs/pets --test pets/test --trigger badnet --target samoyed',
    },
    {
      description: 'the control: the same, without repelling',
      command: 'defend --model clip --data pets/train --method vpt --out runs/pets-vpt',
    },
  ],
  async run(context, options) {
    await using opened = await openModel(context, options);
    const data = await openData(context, options, opened, { preferredSplits: ['train'], emptyClasses: 'refuse' });
    const samples = await chooseSamples(context, options, data);
    const test = await openTest(context, options, opened);
    const preset = options.preset === 'auto' ? presetFor(opened.clip.weights.architecture) : options.preset;
    context.note(`model: ${describeModel(opened)}`);
    if (options.preset === 'auto') context.note(`preset: ${preset}, as suits the model's size`);
    context.note(`data:  ${describeData(data.dataset)}`);
    const chosen = { opened, data, samples, preset };
    const finished = isPromptMethod(options.method)
      ? await tune(context, options, options.method, chosen)
      : await runOther(context, options, chosen);
    const measured = test && (await measureTest(context, test, opened, finished.run));
    const page = options.report ? path.join(finished.run, runFiles.report) : undefined;
    if (page !== undefined) await writeReport([finished.run], page);
    return {
      data: {
        ...finished.data,
        ...(measured === undefined ? {} : { before: measured.before, after: measured.after }),
        report: page ?? null,
      },
      text: (format) =>
        [
          ...finished.lines(format),
          ...(page === undefined ? [] : [`${format.colors.bold('report')} ${page}`]),
          ...(measured === undefined ? [] : [describeTest(measured, format)]),
        ].join('\n'),
    };
  },
});

/** What the person chose. */
interface Chosen {
  readonly opened: OpenedModel;
  readonly data: OpenedData;
  readonly samples: readonly Sample[];
  readonly preset: TuningPreset;
}

/** A run that is done, for `--json` and for people. */
interface Finished {
  readonly run: string;
  readonly data: object;
  lines(format: Format): string[];
}

function isPromptMethod(name: string): name is Method {
  return methodNames.some((known) => known === name);
}

/** What every defense takes. */
function common(
  { seed, progress, signal, note }: Context,
  { maxPixels, exifRotation, out, resume, saveEvery }: z.output<typeof schema>,
  { opened, data, samples }: Chosen,
) {
  const { clip, runtime } = opened;
  const { dataset, preprocess, templates } = data;
  const decoding = { maxPixels, exifRotation };
  return {
    clip,
    runtime,
    dataset,
    samples,
    preprocess,
    decoding,
    templates,
    seed,
    out,
    resume,
    saveEvery,
    progress,
    signal,
    note,
  };
}

async function tune(
  context: Context,
  options: z.output<typeof schema>,
  method: Method,
  chosen: Chosen,
): Promise<Finished> {
  refuse('--pairs', options.pairs, `${method}, which learns from labelled images`);
  const result = await runDefend({
    ...common(context, options, chosen),
    method,
    settings: tuningSettings(givenTuningSchema.parse(options), chosen.preset),
    cacheMemory: options.cacheMemory * 2 ** 20,
    onPlan: (plan) => {
      for (const line of describePlan(plan)) context.note(`plan:  ${line}`);
    },
    onPace: (seconds) => {
      context.note(`about ${formatDuration(seconds)} to go`);
    },
  });
  return { run: result.run, data: figuresOf(result), lines: (format) => describe(result, format) };
}

/** Any defense but those that tune prompts, which have flags of their own. */
async function runOther(context: Context, options: z.output<typeof schema>, chosen: Chosen): Promise<Finished> {
  const { data, samples } = chosen;
  const defense = parseDefense(options.method, chosen.preset);
  for (const [key, value] of Object.entries(givenTuningSchema.parse(options))) {
    refuse(`--${flagName(key)}`, value, `${defense.name}, whose settings are given as ${defense.name}:setting=value`);
  }
  if (defense.needs !== 'pairs') refuse('--pairs', options.pairs, `${defense.name}, which learns from no pairs`);
  const result = await runDefense({
    ...common(context, options, chosen),
    ...(defense.needs === 'pairs' ? { pairs: await openPairs(context, options, data, samples) } : {}),
    defense,
  });
  const { run, steps, seconds, trainable_parameters: trained, samples: images } = result;
  return {
    run,
    data: result,
    lines: ({ colors }) => [
      `${colors.bold('done')}   ${defense.name}, ${steps} steps on ${images} ${defense.needs} in ${formatDuration(seconds)}`,
      `${colors.bold('learnt')} ${trained.toLocaleString('en')} parameters`,
      `${colors.bold('run')}    ${run}`,
    ],
  };
}

/** Refuses a flag that would have no effect. */
function refuse(flag: string, value: unknown, method: string): void {
  if (value === undefined) return;
  throw new InputError({
    code: 'usage',
    operation: 'rvpt defend',
    expected: `no ${flag} with the method ${method}`,
    received: `${flag} ${JSON.stringify(value)}`,
  });
}

/** The pairs that were asked for, else the few-shot images with their class prompts. */
async function openPairs(
  { progress, signal, note, seed }: Context,
  options: z.output<typeof schema>,
  { dataset, decode, preprocess, templates }: OpenedData,
  samples: readonly Sample[],
): Promise<PairSource> {
  const listed =
    options.pairs === undefined
      ? classCaptionPairs({ ...dataset, samples }, templates, seed)
      : await openCaptionPairs(await datasetLocation(options.pairs, { progress, signal, note }), {});
  const given = listed.pairs.length;
  note(`pairs: ${given} ${options.pairs ?? 'few-shot images with their class prompts'}`);
  return cachedPairs(pairSource(listed, decode, preprocess), options.cacheMemory * 2 ** 20);
}

async function chooseSamples(
  { seed, note }: Context,
  options: z.output<typeof schema>,
  { dataset, decode, preprocess }: OpenedData,
): Promise<readonly Sample[]> {
  const chosen = await listedSamples(options, dataset, seed);
  if (options.onBroken === 'fail') return chosen;
  const loader = new ImageLoader({ images: dataset.images, samples: chosen, decode, preprocess, onBroken: 'skip' });
  const whole: Sample[] = [];
  for await (const { sample } of loader.images()) whole.push(sample);
  for (const { error } of loader.broken) note(`left out: ${error.message}`);
  return whole;
}

async function listedSamples(
  { samples, shots, scarce }: z.output<typeof schema>,
  dataset: OpenedData['dataset'],
  seed: number,
): Promise<readonly Sample[]> {
  if (samples === undefined) return chooseFewShot(dataset, { shots, seed, scarce }).train;
  await using file = await FileBytes.open(samples);
  return fromSampleList(parseJson(await readText(file), samples), samples, dataset).train;
}

function describePlan(plan: TuningPlan): string[] {
  const giga = (value: number, unit: string): string => `${(value / 1e9).toFixed(2)} ${unit}`;
  const views =
    plan.views === 0 ? 'new views every epoch' : `${plan.views} view${plan.views === 1 ? '' : 's'} an image`;
  const share = (100 * plan.trainableShare).toFixed(2);
  return [
    `${plan.images} images, ${views}; ${plan.steps} steps, ${plan.stepsPerEpoch} an epoch`,
    `${plan.trainableParameters.toLocaleString('en')} trainable parameters, ${share} % of the model`,
    `${giga(plan.featureFlop, 'GFLOP')} a view and ${giga(plan.stepFlop, 'GFLOP')} an image and step, ` +
      `${giga(plan.totalFlop, 'GFLOP')} in all`,
    `batches in parts of ${plan.part} images, ${plan.lanes} side by side`,
    `about ${giga(plan.workingBytes, 'GB')} of memory for weights and activations, ` +
      `${giga(plan.cacheBytes, 'GB')} for cached features`,
  ];
}

function figuresOf(result: DefendResult): Record<string, string | number> {
  const { run, steps, seconds, imagesPerSecond, loss, ce, fr } = result;
  return { run, steps, seconds, images_per_s: imagesPerSecond, loss, ce, fr };
}

function describe(result: DefendResult, { colors }: Format): string[] {
  const { run, steps, seconds, imagesPerSecond, loss, ce, fr } = result;
  return [
    `${colors.bold('tuned')}  ${steps} steps in ${formatDuration(seconds)}, ${imagesPerSecond.toFixed(1)} images/s`,
    `${colors.bold('loss')}   ${loss.toFixed(4)} = CE ${ce.toFixed(4)} and FR ${fr.toFixed(4)}, means of the last epoch`,
    `${colors.bold('run')}    ${run}`,
  ];
}
