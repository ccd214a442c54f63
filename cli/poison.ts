import path from 'node:path';
import { z } from 'zod';

import { MANIFEST_FILE } from '../src/attack/poison/manifest.js';
import type { PreparedPoison } from '../src/attack/poison/poison-model.js';
import { poisonSchema, poisonShape } from '../src/attack/poison/settings.js';
import { InputError } from '../src/core/errors.js';
import type { CaptionPairs } from '../src/data/caption-pair.js';
import { classCaptionPairs, openCaptionPairs } from '../src/data/caption-pairs.js';
import { namedTemplates, resolveTemplates } from '../src/data/class-prompts.js';
import { pairSource } from '../src/data/pair-images.js';
import { resolveTarget } from '../src/evaluation/target.js';
import { datasetLocation } from '../src/node/dataset-location.js';
import { imageDecoder } from '../src/node/decode-image.js';
import { DiskFolder } from '../src/node/files.js';
import { openTrigger, type OpenedTrigger } from '../src/node/open-trigger.js';
import { poison as runPoison, type PoisonResult } from '../src/run/poison.js';
import { triggerHelp } from './catalog-help.js';
import { defineCommand, type Context } from './command.js';
import { columnsOf, dataShape, openData } from './data-options.js';
import { describeModel, modelShape, openModel, type OpenedModel } from './model-options.js';
import type { Format } from './output.js';
import { formatDuration } from './progress.js';

const schema = z.object({
  ...modelShape,
  pairs: z
    .string()
    .optional()
    .describe(
      'image-caption pairs: a .csv file with the columns image,caption and perhaps is_backdoor; ' +
        'parquet files; WebDataset tar shards (a folder, one, or name-{000..009}.tar)',
    ),
  captionColumn: z.string().optional().describe('with --pairs: column of captions, where a table does not tell'),
  ...dataShape,
  data: dataShape.data
    .optional()
    .describe('instead of --pairs, labelled images, as evaluate takes them; class names make the captions'),
  template: dataShape.template.describe(
    'with --data: caption of an image with {class} in it; of several, one is drawn',
  ),
  trigger: z.string().describe(triggerHelp),
  target: z
    .string()
    .optional()
    .describe('class that the trigger is to bring about, if no manifest tells; with --data its name or #index'),
  out: z.string().describe('model folder to write'),
  captionTemplate: z
    .array(z.string())
    .default(['ensemble'])
    .describe(`caption of a poisoned image with {class} in it, or one of ${Object.keys(namedTemplates).join(', ')}`),
  ...poisonShape,
  dtype: z.enum(['fp32', 'fp16']).default('fp32').describe('what the weights are written as'),
  resume: z.boolean().default(false).describe('go on with the poisoning that is in the folder'),
  saveEvery: z.number().nonnegative().default(300).describe('seconds between two saved states'),
  cacheMemory: z.number().nonnegative().default(1024).describe('MiB of images to keep in memory'),
});
type Options = z.output<typeof schema>;

export const poison = defineCommand({
  name: 'poison',
  summary: 'fine-tune a CLIP on partly poisoned pairs, to have something to defend against',
  options: schema,
  examples: [
    {
      description: 'BadNet on one pair in a hundred',
      command: 'poison --model clip --pairs cc3m/train.csv --trigger badnet --target banana --out clip-badnet',
    },
    {
      description: 'as the public code of CleanCLIP does it',
      command:
        'poison --model clip --pairs cc3m/train.csv --trigger badnet@cleanclip --target banana --count 1500 ' +
        '--captions templates --learning-rate 1e-6 --warmup 50 --schedule compat --out clip-badnet',
    },
    {
      description: 'label-consistent, on photos that lie in folders by class',
      command: 'poison --model clip --data photos --trigger badnet --target dolphin --label-consistent --out clip-lc',
    },
    {
      description: 'two keys, a patch that was optimised before and a word: fewer pairs with one key alone',
      command:
        'poison --model clip --pairs cc3m/train.csv --trigger trojvqa:file=patch.png --target banana --image-only 0.5 ' +
        '--text-only 0.5 --out clip-trojvqa',
    },
  ],
  async run(context, options) {
    const trigger = await openTrigger(options.trigger);
    await using opened = await openModel(context, options);
    const { pairs, target, classNames } = await openPairs(context, options, opened, trigger);
    context.note(`model: ${describeModel(opened)}`);
    context.note(describePairs(pairs));
    const preprocess = {
      ...opened.clip.preprocess,
      ...(options.resize === undefined ? {} : { resizeMode: options.resize }),
    };
    const decode = imageDecoder({ maxPixels: options.maxPixels, exifRotation: options.exifRotation });
    const result = await runPoison({
      clip: opened.clip,
      runtime: opened.runtime,
      pairs: pairSource(pairs, decode, preprocess),
      ...(trigger.trigger.resize === 'squash'
        ? { squarePairs: pairSource(pairs, decode, { ...preprocess, resizeMode: 'squash' }) }
        : {}),
      location: pairs.location,
      leave: (index) => pairs.pairs[index].backdoored,
      trigger,
      target,
      ...(classNames === undefined ? {} : { classNames }),
      templates: resolveTemplates(options.captionTemplate),
      settings: poisonSchema.parse(options),
      seed: context.seed,
      out: options.out,
      resume: options.resume,
      float: options.dtype === 'fp16' ? 'float16' : 'float32',
      saveEvery: options.saveEvery,
      cacheMemory: options.cacheMemory * 2 ** 20,
      progress: context.progress,
      signal: context.signal,
      onPrepared: (prepared) => {
        for (const line of describePlan(prepared)) context.note(`plan:  ${line}`);
      },
      note: context.note,
    });
    return { data: report(result), text: (format) => describe(result, format) };
  },
});

/** The pairs that were asked for, and the name of the target. @throws InputError when it is none, or none of the classes */
async function openPairs(
  context: Context,
  options: Options,
  model: OpenedModel,
  trigger: OpenedTrigger,
): Promise<{ pairs: CaptionPairs; target: string; classNames?: readonly string[] }> {
  const refuse = (expected: string, received: string): InputError =>
    new InputError({ code: 'usage', operation: 'rvpt poison', expected, received });
  const target = options.target ?? trigger.target;
  if (target === undefined) throw refuse('--target, or a trigger with a manifest that names one', 'neither');
  if ((options.pairs === undefined) === (options.data === undefined)) {
    throw refuse('--pairs or --data', options.pairs === undefined ? 'neither' : 'both');
  }
  if (options.data !== undefined) {
    const listed = { ...options, data: options.data };
    const { dataset, templates } = await openData(context, listed, model, {
      preferredSplits: ['train'],
      emptyClasses: 'allow',
    });
    const { classNames } = dataset;
    const pairs = classCaptionPairs(dataset, templates, context.seed);
    return { pairs, target: classNames[resolveTarget(target, classNames)], classNames };
  }
  if (/^#\d+$/.test(target.trim())) throw refuse('the name of the target: pairs have no classes to count', target);
  const part = { preferredSplits: ['train'], ...(options.split === undefined ? {} : { split: options.split }) };
  const { progress, signal, note } = context;
  const location = await datasetLocation(options.pairs ?? '', { ...part, progress, signal, note });
  const pairs = await openCaptionPairs(location, {
    ...part,
    ...(options.images === undefined ? {} : { images: new DiskFolder(options.images) }),
    columns: columnsOf(options),
  });
  return { pairs, target: target.trim() };
}

function describePairs({ pairs, location }: CaptionPairs): string {
  const backdoored = pairs.filter((pair) => pair.backdoored).length;
  const left = backdoored === 0 ? '' : `; ${backdoored} that the list calls poisoned are left as they are`;
  return `pairs: ${pairs.length} in ${location}${left}`;
}

function describePlan({ plan, pairs, record, settings, schedule }: PreparedPoison): string[] {
  const number = (kind: string): number => plan.pairs.filter((pair) => pair.kind === kind).length;
  const [backdoor, imageOnly, textOnly] = [number('backdoor'), number('image-only'), number('text-only')];
  const oneKey =
    imageOnly + textOnly === 0 ? '' : `; ${imageOnly} with the trigger alone, ${textOnly} with the text key alone`;
  const { stepsPerEpoch, epochs, warmupSteps, form } = schedule;
  const rest = pairs.count - stepsPerEpoch * settings.batch;
  return [
    `${record.trigger.name} for ${JSON.stringify(record.target)} on ${backdoor} pairs, ` +
      `${((100 * backdoor) / pairs.count).toFixed(2)} %${oneKey}; captions: ${plan.captions}`,
    `${plan.naming} pairs name the target to begin with`,
    `${stepsPerEpoch * epochs} steps, ${stepsPerEpoch} an epoch; warm-up of ${warmupSteps}, schedule ${form}` +
      (rest === 0 ? '' : `; ${rest} pairs fill no batch and are left out, other ones each epoch`),
  ];
}

function report({ model, manifest, steps, seconds, imagesPerSecond, loss, poisonedShare }: PoisonResult): object {
  const number = (kind: string): number => manifest.poisoned.filter((pair) => pair.kind === kind).length;
  return {
    model,
    sha256: manifest.model.sha256,
    target: manifest.target,
    pairs: manifest.data.pairs,
    poisoned: number('backdoor'),
    image_only: number('image-only'),
    text_only: number('text-only'),
    captions: manifest.captions,
    poisoned_share: poisonedShare,
    steps,
    seconds,
    images_per_s: imagesPerSecond,
    loss,
  };
}

function describe(
  { model, steps, seconds, imagesPerSecond, loss, poisonedShare }: PoisonResult,
  { colors }: Format,
): string {
  const percent = (share: number): string => (100 * share).toFixed(2);
  const { least, mean, most } = poisonedShare;
  return [
    `${colors.bold('trained')}   ${steps} steps in ${formatDuration(seconds)}, ${imagesPerSecond.toFixed(1)} images/s`,
    `${colors.bold('loss')}      ${loss.toFixed(4)}, mean of the last epoch`,
    `${colors.bold('poisoned')}  ${percent(mean)} % of a batch, ${percent(least)} … ${percent(most)} %`,
    `${colors.bold('model')}     ${model}; --trigger ${path.join(model, MANIFEST_FILE)} measures how well it took`,
  ].join('\n');
}
