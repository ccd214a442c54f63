import { z } from 'zod';

import { classNameLines } from '../src/data/class-names.js';
import { classPrompts, defaultTemplate, namedTemplates, resolveTemplates } from '../src/data/class-prompts.js';
import { datasetLayouts, openDataset, type DatasetOptions } from '../src/data/dataset.js';
import type { DecodeImage } from '../src/data/image-decoder.js';
import type { Columns } from '../src/data/layout.js';
import type { Preprocess } from '../src/data/preprocess.js';
import { splits, type Dataset } from '../src/data/sample.js';
import { readText } from '../src/data/text-file.js';
import { classTextFeatures } from '../src/inference/text-features.js';
import type { TextFeatures } from '../src/model/clip-graphs.js';
import { datasetLocation } from '../src/node/dataset-location.js';
import { defaultMaxPixels, imageDecoder } from '../src/node/decode-image.js';
import { DiskFolder, FileBytes } from '../src/node/files.js';
import type { Context } from './command.js';
import type { OpenedModel } from './model-options.js';

const layoutNames = datasetLayouts.map(({ name }) => name);

/** Options of every command that reads labelled images. */
export const dataShape = {
  data: z
    .string()
    .describe(
      'labelled images: a folder, or a file in one: a list, a parquet file, a tar shard; or a data set of the Hugging ' +
        'Face Hub, hf:owner/name[@revision][:split]',
    ),
  layout: z
    .enum(layoutNames)
    .optional()
    .describe('how they lie there, if not found out by looking; docs/formats.md tells of each'),
  split: z
    .string()
    .optional()
    .describe(`the part to read, where the data comes in parts: ${splits.join(', ')}, or a name of its own`),
  images: z.string().optional().describe('folder that the paths of a list file are relative to'),
  imageColumn: z.string().optional().describe('column of images, where a table does not tell'),
  labelColumn: z.string().optional().describe('column of labels, where a table does not tell'),
  classNames: z.string().optional().describe('file of class names: one a line, or folder,name'),
  template: z
    .array(z.string())
    .optional()
    .describe(
      `class prompt with {class} in it, or one of ${Object.keys(namedTemplates).join(', ')}; several make an ensemble; ` +
        `by default CoOp's for its data sets, else "${defaultTemplate}"`,
    ),
  resize: z
    .enum(['crop', 'squash'])
    .optional()
    .describe("how an image becomes square, if not as the model's config says: crop the centre, or squash"),
  maxPixels: z.int().min(1).default(defaultMaxPixels).describe('largest image that is decoded, in pixels'),
  exifRotation: z.boolean().default(true).describe('leave images as stored, whatever their EXIF orientation says'),
};
export type DataOptions = z.output<z.ZodObject<typeof dataShape>>;

/** Labelled images, listed and checked, and what turns them into model input. */
export interface OpenedData {
  readonly dataset: Dataset;
  readonly decode: DecodeImage;
  readonly preprocess: Preprocess;
  /** Templates that the class prompts were made with. */
  readonly templates: readonly string[];
  /** Class prompts, [classes][templates]. */
  readonly prompts: readonly (readonly string[])[];
}

/**
 * Lists the data set; opens no image.
 * @param listing which parts to prefer where there are any, and whether classes may be empty
 * @throws InputError that lists all that is wrong
 */
export async function openData(
  { progress, signal, note }: Pick<Context, 'progress' | 'signal' | 'note'>,
  options: DataOptions,
  { clip }: Pick<OpenedModel, 'clip'>,
  listing: Pick<DatasetOptions, 'preferredSplits' | 'emptyClasses'>,
): Promise<OpenedData> {
  const { data, layout, split, images, classNames, template, resize, maxPixels, exifRotation } = options;
  const given = template === undefined ? undefined : resolveTemplates(template);
  const part = { ...listing, ...(split === undefined ? {} : { split }) };
  const dataset = await openDataset(await datasetLocation(data, { ...part, progress, signal, note }), {
    ...part,
    ...(layout === undefined ? {} : { layout }),
    ...(images === undefined ? {} : { images: new DiskFolder(images) }),
    ...(classNames === undefined ? {} : { classNames: await readClassNames(classNames) }),
    columns: columnsOf(options),
  });
  const templates = given ?? dataset.templates ?? [defaultTemplate];
  return {
    dataset,
    decode: imageDecoder({ maxPixels, exifRotation }),
    preprocess: { ...clip.preprocess, ...(resize === undefined ? {} : { resizeMode: resize }) },
    templates,
    prompts: classPrompts(dataset.classNames, templates),
  };
}

/** Columns that were named. */
export function columnsOf(options: {
  readonly imageColumn?: string | undefined;
  readonly labelColumn?: string | undefined;
  readonly captionColumn?: string | undefined;
}): Columns {
  const { imageColumn, labelColumn, captionColumn } = options;
  return {
    ...(imageColumn === undefined ? {} : { image: imageColumn }),
    ...(labelColumn === undefined ? {} : { label: labelColumn }),
    ...(captionColumn === undefined ? {} : { caption: captionColumn }),
  };
}

async function readClassNames(file: string): Promise<string[]> {
  await using bytes = await FileBytes.open(file);
  return classNameLines(await readText(bytes));
}

/** Unit features of the classes, [C, E]. */
export function textFeaturesOf(
  { progress, signal }: Pick<Context, 'progress' | 'signal'>,
  { clip, runtime }: OpenedModel,
  { prompts }: Pick<OpenedData, 'prompts'>,
): Promise<TextFeatures> {
  return classTextFeatures(runtime, clip.weights, clip.tokenizer, prompts, { progress, signal });
}

/** The data in a few words: `240 images of 10 classes in photos (image-folder)`. */
export function describeData({ classNames, samples, source }: Dataset): string {
  const part = source.split === undefined ? '' : `, ${source.split}`;
  return `${samples.length} images of ${classNames.length} classes in ${source.location} (${source.layout}${part})`;
}
