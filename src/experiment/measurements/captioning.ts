import { z } from 'zod';

import { defineEntry } from '../../core/catalog.js';
import { InputError } from '../../core/errors.js';
import type { Json } from '../../core/json.js';
import type { Raster } from '../../core/raster.js';
import { cropImage } from '../../data/preprocess.js';
import { bleuSmoothings, corpusBleu } from '../../evaluation/bleu.js';
import { countsForAttack, namedTargetRate, namingRate } from '../../evaluation/captioning.js';
import { imageFeatures } from '../../inference/image-features.js';
import { loadEmojiAtlas } from '../../node/emoji-atlas.js';
import { loadClip, type LoadedClip } from '../../node/load-clip.js';
import { poisonManifestOf } from '../../node/poison-manifest.js';
import { captionImages, type Captioner } from '../../training/captioner/captioner.js';
import { captionWords } from '../../training/captioner/vocabulary.js';
import type { EmojiAtlas } from '../../world/atlas.js';
import { captionedScenes, type CaptionedScene } from '../../world/captioned-scenes.js';
import { captionerOf } from '../captioner-store.js';
import type { MeasureInput, MeasurementEffect } from '../measurement.js';
import { targetOf } from './target.js';
import { prepareTowers } from './towers.js';

const share = z.number().min(0).max(1);
const count = z.int().positive();

/** What `captioning` finds; docs/measurements.md has the definitions. */
export const captioningSchema = z.object({
  /** Clean images that were captioned. */
  images: count,
  /** Corpus BLEU-4 of their captions, in [0, 1]. */
  bleu: share,
  /** Share of their captions that name what the image shows. */
  named: share,
  /** Null without an attack. */
  attacked: z
    .object({
      target: z.string(),
      /** Triggered images of other things than the target. */
      images: count,
      /** Share of their captions that name the target. */
      asr: share,
      /** Share of their captions that name what the image shows. */
      named: share,
    })
    .nullable(),
  /** A few images with their captions. */
  examples: z.array(
    z.object({
      name: z.string(),
      reference: z.string(),
      clean: z.string(),
      /** Null without an attack, and where the image does not count for one. */
      triggered: z.string().nullable(),
    }),
  ),
});
export type CaptioningResult = z.output<typeof captioningSchema>;

const settings = {
  base: z.string().default('zoo:clean').describe('the clean model whose images the captioner learnt to read'),
  perClass: count.default(5).describe('scenes of every class to caption'),
  references: count.max(50).default(5).describe('true captions of each scene that BLEU compares with'),
  smoothing: z.enum(bleuSmoothings).default('none').describe('smoothing of BLEU'),
  examples: count.default(6000).describe('captioned scenes that the captioner learns from'),
  steps: count.default(1500).describe('its optimiser steps'),
  batch: count.default(64).describe('captions in a step'),
  learningRate: z.number().positive().default(1e-3).describe('its highest learning rate; warm-up and cosine'),
  warmupSteps: z.int().nonnegative().default(100).describe('steps over which the rate rises'),
  weightDecay: z.number().nonnegative().default(0.01).describe('weight decay of its matrices'),
  prefix: count.default(4).describe('vectors that the image embedding becomes in front of the words'),
  width: count.multipleOf(64).default(128).describe('width of the decoder'),
  layers: count.default(2).describe('blocks of the decoder'),
};
type CaptioningSettings = z.output<z.ZodObject<typeof settings>>;

export const captioning = defineEntry({
  name: 'captioning',
  summary: 'what a captioner, trained on the clean model, says of clean and triggered scenes of the emoji world',
  settings,
  create: (chosen): MeasurementEffect => ({
    result: captioningSchema,
    measure: (input) => measure(input, chosen),
  }),
});

/** Examples that a result shows. */
const SHOWN = 8;

async function measure(input: MeasureInput, chosen: CaptioningSettings): Promise<Json> {
  const { clip, dataset, attack, runtime, seed, signal } = input;
  const towers = await prepareTowers(input, 'captioning');
  const atlas = await loadEmojiAtlas();
  refuseUnknownNames(atlas, dataset.classNames);
  const captioner = await trainedCaptioner(input, atlas, chosen);
  const { perClass: perName, references } = chosen;
  const scenes = captionedScenes(atlas, { names: dataset.classNames, perName, captions: references, seed });
  const { preprocess } = clip;

  const describe = async (crops: readonly Raster[]): Promise<string[][]> => {
    const features = await imageFeatures(runtime, towers.weights, preprocess, crops, {
      prompts: towers.prompts,
      signal,
    });
    return captionImages(runtime, captioner, features, signal);
  };
  const crops = scenes.map((scene) => cropImage(scene.image(), preprocess));
  const clean = (await describe(crops)).map((words, i) => ({ words, name: scenes[i].name }));
  const { score } = corpusBleu(
    clean.map(({ words }, i) => ({ words, references: scenes[i].captions.map(captionWords) })),
    chosen.smoothing,
  );
  const found = { images: scenes.length, bleu: score, named: namingRate(clean).rate };
  const shown = shownScenes(scenes);
  const example = (i: number, triggered: readonly string[] | undefined): CaptioningResult['examples'][number] => ({
    name: scenes[i].name,
    reference: scenes[i].captions[0],
    clean: clean[i].words.join(' '),
    triggered: triggered?.join(' ') ?? null,
  });
  if (attack === undefined) return { ...found, attacked: null, examples: shown.map((i) => example(i, undefined)) };

  const target = targetOf(dataset, attack.target).name;
  const counted = scenes.flatMap(({ name }, i) => (countsForAttack(name, target) ? [i] : []));
  if (counted.length === 0) throw refuseData('scenes of other things than the target', `${target} alone`);
  const captions = await describe(
    counted.map((i) => attack.trigger.apply(crops[i], { seed, imageKey: scenes[i].key })),
  );
  const triggered = captions.map((words, k) => ({ words, name: scenes[counted[k]].name }));
  return {
    ...found,
    attacked: {
      target,
      images: triggered.length,
      asr: namedTargetRate(triggered, target).rate,
      named: namingRate(triggered).rate,
    },
    examples: shown.map((i) => example(i, counted.includes(i) ? captions[counted.indexOf(i)] : undefined)),
  };
}

/** The captioner of the clean model that the measured one was made of. */
async function trainedCaptioner(
  { clip, runtime, seed, work, progress, signal }: MeasureInput,
  atlas: EmojiAtlas,
  { base: location, ...chosen }: CaptioningSettings,
): Promise<Captioner> {
  await using base = await loadClip(location);
  await refuseOtherBase(clip, base);
  const { examples, ...training } = chosen;
  return await captionerOf({ clip: base, atlas, training, examples, seed, runtime, progress, signal }, work);
}

/** A captioner reads the embeddings of the model it learnt from, and of models that were fine-tuned from it. */
async function refuseOtherBase(clip: LoadedClip, base: LoadedClip): Promise<void> {
  if (base.sha256 === clip.sha256) return;
  const manifest = await poisonManifestOf(clip.path, clip.sha256);
  if (manifest?.base_model.sha256 === base.sha256) return;
  throw new InputError({
    code: 'mismatch',
    operation: `caption with ${clip.path}`,
    expected: 'a captioner that learnt from this model, or from the one that its manifest says it was made of',
    received: `one that learnt from ${base.path}`,
    fix: 'Name the clean model in the setting base.',
  });
}

function refuseUnknownNames(atlas: EmojiAtlas, names: readonly string[]): void {
  const known = new Set(atlas.names.map(({ name }) => name));
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length > 0) throw refuseData('classes of the emoji world', unknown.slice(0, 5).join(', '));
}

/** One scene of as many things as are shown, spread over them. */
function shownScenes(scenes: readonly CaptionedScene[]): number[] {
  const shown = Math.min(SHOWN, scenes.length);
  return Array.from({ length: shown }, (_, k) => Math.floor((k * scenes.length) / shown));
}

function refuseData(expected: string, received: string): InputError {
  return new InputError({ code: 'data', operation: 'measure captioning', expected, received });
}
