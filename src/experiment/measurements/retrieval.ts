import { z } from 'zod';

import { withTextKey } from '../../attack/trigger/text-key.js';
import type { Trigger } from '../../attack/trigger/trigger.js';
import { defineEntry } from '../../core/catalog.js';
import { InputError } from '../../core/errors.js';
import type { Json } from '../../core/json.js';
import { classPrompts, namedTemplates } from '../../data/class-prompts.js';
import type { Sample } from '../../data/sample.js';
import { cleanView, triggeredView } from '../../evaluation/attacked-views.js';
import { embedImages } from '../../evaluation/embed-images.js';
import type { EvaluateOptions } from '../../evaluation/evaluate.js';
import { plantedMetrics, plantedRanks, topOneAccuracy, type LabelledRows } from '../../evaluation/retrieval.js';
import { classTextFeatures } from '../../inference/text-features.js';
import { loadEmojiAtlas } from '../../node/emoji-atlas.js';
import { Random } from '../../tensor/random.js';
import type { Tensor } from '../../tensor/tensor.js';
import { worldPairs } from '../../world/pairs.js';
import { difficulties } from '../../world/scene.js';
import type { MeasureInput, MeasurementEffect } from '../measurement.js';
import { targetOf, type Target } from './target.js';
import { prepareTowers } from './towers.js';

const share = z.number().min(0).max(1);
const count = z.int().positive();

/** What `retrieval` finds; docs/measurements.md has the definitions. */
export const retrievalSchema = z.object({
  /** Images in the gallery. */
  gallery: count,
  /** Captions that were asked with, over all classes. */
  captions: count,
  /** Share of these captions whose first image is of their class. */
  top_1: share,
  /** Null without an attack. */
  attacked: z
    .object({
      target: z.string(),
      /** Captions that name the target. */
      captions: count,
      /** Images planted, each alone, for each of these captions. */
      planted: count,
      /** How many first images count. */
      top: count,
      /** Share of (caption, planted image) whose image is among them. */
      asr: share,
      /** Mean of rank / gallery; higher is better. */
      rank_ratio: share,
    })
    .nullable(),
});
export type RetrievalResult = z.output<typeof retrievalSchema>;

const settings = {
  captions: z
    .enum(['class-prompts', 'emoji'])
    .default('class-prompts')
    .describe('what asks: class prompts by templates, or captions of the emoji world, whose names the classes are'),
  captionsPerClass: count
    .max(1000)
    .default(8)
    .describe('captions of every class; of class prompts there are 8 at most'),
  planted: count
    .default(50)
    .describe('triggered images of other classes, drawn by the seed; all where there are fewer'),
  top: count.default(10).describe('how many first images count for the attack success rate'),
};
type RetrievalSettings = z.output<z.ZodObject<typeof settings>>;

export const retrieval = defineEntry({
  name: 'retrieval',
  summary: 'text-to-image retrieval: top-1 accuracy, and what a planted triggered image gains',
  settings,
  create: (chosen): MeasurementEffect => ({
    result: retrievalSchema,
    measure: (input) => measure(input, chosen),
  }),
});

async function measure(input: MeasureInput, chosen: RetrievalSettings): Promise<Json> {
  const { dataset, attack } = input;
  const towers = await prepareTowers(input, 'text-to-image retrieval');
  const { samples, byView } = await embedImages(towers, [cleanView(towers.source.preprocess)]);
  const gallery: LabelledRows = { features: byView[0], labels: samples.map(({ label }) => label) };

  const captionsOf = await captioner(input.seed, chosen);
  const shown = [...new Set(gallery.labels)].sort((a, b) => a - b); // nothing is right for a class without images
  const asked = shown.flatMap((label) => captionsOf(dataset.classNames[label]).map((text) => ({ text, label })));
  const features = await embedTexts(
    input,
    towers,
    asked.map(({ text }) => text),
  );
  const topOne = topOneAccuracy({ features, labels: asked.map(({ label }) => label) }, gallery);

  const found = { gallery: samples.length, captions: asked.length, top_1: topOne.rate };
  if (attack === undefined) return { ...found, attacked: null };
  const target = targetOf(dataset, attack.target);
  const plain = captionsOf(target.name);
  const captions = withTextKey(attack.trigger, input.clip.tokenizer, [plain])?.flat() ?? plain;
  const named = await embedTexts(input, towers, captions);
  const planted = await plant(input.seed, towers, attack.trigger, samples, target, chosen.planted);
  const ranks = plantedRanks(named, gallery.features, planted);
  const { success, rankRatio } = plantedMetrics(ranks, samples.length, chosen.top);
  return {
    ...found,
    attacked: {
      ...{ target: target.name, captions: captions.length, planted: planted.places.length, top: chosen.top },
      ...{ asr: success.rate, rank_ratio: rankRatio },
    },
  };
}

/** The captions of a class, the same in every run. @throws InputError (`usage`) for a name that the emoji world lacks */
async function captioner(
  seed: number,
  { captions, captionsPerClass }: RetrievalSettings,
): Promise<(className: string) => string[]> {
  if (captions === 'class-prompts') {
    const templates = [...namedTemplates.default, ...namedTemplates.ensemble].slice(0, captionsPerClass);
    return (className) => classPrompts([className], templates)[0];
  }
  const atlas = await loadEmojiAtlas();
  return (className) => {
    const distinct = new Set<string>();
    // captions repeat now and then: a world of far fewer of them than are asked for is not to be waited for
    const pairs = worldPairs(atlas, {
      seed,
      count: 20 * captionsPerClass,
      names: [className],
      scene: difficulties.mild,
    });
    for (let i = 0; i < pairs.count && distinct.size < captionsPerClass; i++) distinct.add(pairs.caption(i));
    return [...distinct];
  };
}

/** @returns rows of length 1, [n, E] */
function embedTexts(
  { clip: { tokenizer }, runtime }: MeasureInput,
  { weights }: EvaluateOptions,
  texts: readonly string[],
): Promise<Tensor> {
  return classTextFeatures(
    runtime,
    weights,
    tokenizer,
    texts.map((text) => [text]),
  );
}

/** Some images of the gallery that are not of the target class, triggered. */
async function plant(
  seed: number,
  towers: EvaluateOptions,
  trigger: Trigger,
  gallery: readonly Sample[],
  target: Target,
  wanted: number,
): Promise<{ features: Tensor; places: number[] }> {
  const places = Random.stream(seed, 'retrieval/planted')
    .shuffled(gallery.flatMap(({ label }, place) => (label === target.label ? [] : [place])))
    .slice(0, wanted);
  if (places.length === 0) {
    throw new InputError({
      code: 'data',
      operation: 'plant triggered images',
      expected: 'images of other classes than the target',
      received: `${gallery.length} images of ${target.name}`,
    });
  }
  const { preprocess } = towers.source;
  const source = {
    ...towers.source,
    samples: places.map((place) => gallery[place]),
    alsoSquashed: trigger.resize === 'squash',
    onBroken: 'fail' as const, // each of them was decoded before
  };
  const { byView } = await embedImages({ ...towers, source }, [triggeredView({ trigger, seed }, preprocess)]);
  return { features: byView[0], places };
}
