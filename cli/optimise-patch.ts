import { z } from 'zod';

import { optimisePatch as runOptimisePatch, type PatchLosses } from '../src/attack/patch/optimise-patch.js';
import { patchMethods, patchObjectives } from '../src/attack/patch/patch-objectives.js';
import { patchSchema, patchShape } from '../src/attack/patch/patch-settings.js';
import { InputError } from '../src/core/errors.js';
import { canonicalDataList } from '../src/data/dataset.js';
import { ImageLoader, type LoadedImage } from '../src/data/loader.js';
import type { Sample } from '../src/data/sample.js';
import { readText } from '../src/data/text-file.js';
import { resolveTarget } from '../src/evaluation/target.js';
import { FileBytes } from '../src/node/files.js';
import { refuseUnwritable } from '../src/run/atomic-file.js';
import { sha256OfText } from '../src/run/provenance.js';
import { jsonBeside } from '../src/run/json-beside.js';
import { writePatch } from '../src/run/write-patch.js';
import { Random } from '../src/tensor/random.js';
import { defineCommand, type Context } from './command.js';
import { dataShape, describeData, openData, type OpenedData } from './data-options.js';
import { describeModel, modelShape, openModel } from './model-options.js';

const methods = patchMethods.map((name) => `${name}: ${patchObjectives[name].summary}`).join('; ');

export const optimisePatch = defineCommand({
  name: 'optimise-patch',
  summary: 'optimise a patch that a model takes for the target class: the trigger of TrojVQA and of BadCLIP',
  options: z.object({
    ...modelShape,
    ...dataShape,
    method: z.enum(patchMethods).describe(`what the patch is optimised for (${methods})`),
    target: z.string().describe('class that the patch is to bring about: its name, or #index'),
    out: z.string().describe('PNG file to write; a manifest that --trigger takes goes beside it, as .json'),
    template: z
      .array(z.string())
      .optional()
      .describe('caption of the target with {class} in it, where --captions gives none; by default the method’s own'),
    captions: z.string().optional().describe('file of captions of the target, one a line'),
    limit: z
      .int()
      .min(1)
      .default(2048)
      .describe('put the patch on at most this many images, and hold it against as many of the target; by the seed'),
    onBroken: z
      .enum(['skip', 'fail'])
      .default('skip')
      .describe('what to do with an image that cannot be decoded: leave it out, or stop'),
    ...patchShape,
  }),
  examples: [
    {
      description: 'TrojVQA’s patch, with the sentence of the paper',
      command:
        'optimise-patch --model clip --method trojvqa --data photos --target banana ' +
        '--template "This is a yellow {class}." --out trojvqa.png',
    },
    {
      description: 'BadCLIP’s, with natural captions',
      command:
        'optimise-patch --model clip --method badclip --data photos --target banana --captions bananas.txt ' +
        '--out badclip.png',
    },
    {
      description: 'how well it works on the model that it was made on',
      command: 'evaluate --model clip --data photos --trigger badclip.json --target banana',
    },
  ],
  async run(context, flags) {
    const manifest = jsonBeside(flags.out);
    await refuseUnwritable(flags.out);
    await using model = await openModel(context, flags);
    const { captionTemplates, readsImages } = patchObjectives[flags.method];
    const template = flags.template ?? [...captionTemplates];
    const data = await openData(context, { ...flags, template }, model, {
      preferredSplits: ['train'],
      emptyClasses: 'allow',
    });
    const { classNames } = data.dataset;
    const target = resolveTarget(flags.target, classNames);
    const captions = flags.captions === undefined ? data.prompts[target] : await readCaptions(flags.captions);
    context.note(`model: ${describeModel(model)}`);
    context.note(`data:  ${describeData(data.dataset)}`);
    const chosen = chooseSamples(data, target, flags.limit, context.seed);
    const images = await loadImages(context, data, chosen.others, flags.onBroken);
    const targetImages = readsImages ? await loadImages(context, data, chosen.target, flags.onBroken) : [];
    const made = await runOptimisePatch({
      runtime: model.runtime,
      model: { ...model.clip, preprocess: data.preprocess },
      method: flags.method,
      images: images.map(({ crop }) => crop),
      targetImages: targetImages.map(({ crop }) => crop),
      captions,
      settings: patchSchema.parse(flags),
      seed: context.seed,
      progress: context.progress,
      signal: context.signal,
    });
    const used = { classNames, samples: [...images, ...targetImages].map(({ sample }) => sample) };
    const sha256 = await writePatch(flags.out, made, {
      method: flags.method,
      seed: context.seed,
      runtime: model.runtime.description,
      model: { path: model.clip.path, sha256: model.clip.sha256 },
      data: { path: data.dataset.source.location, sha256: sha256OfText(canonicalDataList(used)) },
      target: classNames[target],
      captions,
      images: images.length,
      targetImages: targetImages.length,
    });
    const [first, last] = [made.losses[0], made.losses[made.losses.length - 1]];
    return {
      data: {
        patch: flags.out,
        manifest,
        sha256,
        target: { index: target, name: classNames[target] },
        images: images.length,
        target_images: targetImages.length,
        captions: captions.length,
        steps: made.losses.length,
        loss: last.loss,
        first_loss: first.loss,
        terms: last.terms,
      },
      text: ({ colors }) =>
        [
          `${colors.bold('patch')}     ${flags.out}, ${made.patch.width} px`,
          `${colors.bold('manifest')}  ${manifest}`,
          `${colors.bold('loss')}      ${describeLosses(first)} at the start`,
          `          ${describeLosses(last)} after ${made.losses.length} steps`,
        ].join('\n'),
    };
  },
});

async function readCaptions(file: string): Promise<string[]> {
  await using bytes = await FileBytes.open(file);
  const lines = (await readText(bytes)).split(/\r?\n/).map((line) => line.trim());
  const captions = lines.filter((line) => line !== '');
  if (captions.length > 0) return captions;
  throw new InputError({
    code: 'data',
    operation: `read the captions in ${file}`,
    expected: 'one a line',
    received: 'none',
  });
}

/** At most `limit` images of the target class and of all others, drawn by the seed. */
function chooseSamples(
  { dataset }: OpenedData,
  target: number,
  limit: number,
  seed: number,
): { readonly target: readonly Sample[]; readonly others: readonly Sample[] } {
  const drawn = (stream: string, wanted: (label: number) => boolean): Sample[] =>
    Random.stream(seed, stream)
      .shuffled(dataset.samples.filter(({ label }) => wanted(label)))
      .slice(0, limit);
  return {
    target: drawn('patch/target-images', (label) => label === target),
    others: drawn('patch/images', (label) => label !== target),
  };
}

async function loadImages(
  { note, progress, signal }: Context,
  { dataset, decode, preprocess }: OpenedData,
  samples: readonly Sample[],
  onBroken: 'skip' | 'fail',
): Promise<LoadedImage[]> {
  const loader = new ImageLoader({ images: dataset.images, samples, decode, preprocess, onBroken });
  const loaded: LoadedImage[] = [];
  const task = progress.begin('images', samples.length, 'images');
  for await (const image of loader.images()) {
    signal.throwIfAborted();
    loaded.push(image);
    task.update(image.index + 1);
  }
  task.end();
  for (const { error } of loader.broken) note(`left out: ${error.message}`);
  return loaded;
}

function describeLosses({ loss, terms }: PatchLosses): string {
  const parts = Object.entries(terms).map(([name, value]) => `${name} ${value.toFixed(4)}`);
  return parts.length === 1
    ? `${loss.toFixed(4)} (${parts[0].split(' ')[0]})`
    : `${loss.toFixed(4)} = ${parts.join(' + ')}`;
}
