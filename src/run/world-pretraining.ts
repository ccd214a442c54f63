import { z } from 'zod';

import { readEmojiTokenizer } from '../node/assets.js';
import { loadEmojiAtlas } from '../node/emoji-atlas.js';
import { pretrainingBatch } from '../world/pairs.js';
import { SCENE_SIDE, trainingScenes } from '../world/scene.js';
import type { PretrainingPairs } from './pretrain.js';

/** Longest caption of the emoji world, in tokens. */
const CONTEXT_LENGTH = 24;

const vocabulary = z.object({ model: z.object({ vocab: z.record(z.string(), z.int()) }) });

/** The emoji world as pairs to pretrain on: scenes of every name, in the styles that may be trained on. */
export async function worldPretrainingPairs(seed: number): Promise<PretrainingPairs> {
  const [atlas, json] = [await loadEmojiAtlas(), await readEmojiTokenizer()];
  const ids = Object.values(vocabulary.parse(json).model.vocab);
  return {
    description: {
      world: 'emoji',
      atlas_sha256: atlas.sha256,
      seed,
      scenes: { ...trainingScenes, scale: [...trainingScenes.scale] },
    },
    imageSize: SCENE_SIDE,
    contextLength: CONTEXT_LENGTH,
    tokenizer: {
      json,
      bytes: new TextEncoder().encode(JSON.stringify(json)),
      vocabularySize: 1 + ids.reduce((a, b) => Math.max(a, b), 0),
    },
    batch: (step, size) => pretrainingBatch(atlas, { seed, step, batch: size }),
  };
}
