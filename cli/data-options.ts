import { z } from 'zod';

import { classNameLines } from '../src/data/class-names.js';
import { classPrompts, defaultTemplate, namedTemplates, resolveTemplates } from '../src/data/class-prompts.js';
import { datasetLayouts, openDataset, type DatasetOptions } from '../src/data/dataset.js';
import type { DecodeImage } from '../src/data/image-decoder.js';
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
const layouts = datasetLayouts.map(({ name, summary }) => `${name}: ${summary}`).join('; ');

/** Options of every command that reads labelled images. */
export const dataShape = {
  data: z.string().describe('labelled images: a folder, or the list file in one'),
  layout: z.enum(layoutNames).optional().describe(`how they lie there, if not found out by looking (${layouts})`),
  split: z.enum(splits).optional().describe('the part to read, where the data comes in parts'),
  images: z.string().optional().describe('folder that the paths of a list file are relative to'),
  classNames: z.string().optional().describe('file of class names: one a line, or folder,name'),
  template: z
    .array(z.string())
    .default([defaultTemplate])
    .describe(
      `class prompt with {class} in it, or one of ${Object.keys(namedTemplates).join(', ')}; several make an ensemble`,
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
  options: DataOptions,
  { clip }: Pick<OpenedModel, 'clip'>,
  listing: Pick<DatasetOptions, 'preferredSplits' | 'emptyClasses'>,
): Promise<OpenedData> {
  const { data, layout, split, images, classNames, template, resize, maxPixels, exifRotation } = options;
  const templates = resolveTemplates(template);
  const dataset = await openDataset(await datasetLocation(data), {
    ...listing,
    ...(layout === undefined ? {} : { layout }),
    ...(split === undefined ? {} : { split }),
    ...(images === undefined ? {} : { images: new DiskFolder(images) }),
    ...(classNames === undefined ? {} : { classNames: await readClassNames(classNames) }),
  });
  return {
    dataset,
    decode: imageDecoder({ maxPixels, exifRotation }),
    preprocess: { ...clip.preprocess, ...(resize === undefined ? {} : { resizeMode: resize }) },
    templates,
    prompts: classPrompts(dataset.classNames, templates),
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
