import { mkdir } from 'node:fs/promises';
import path from 'node:path';

import { InputError } from '../core/errors.js';
import type { Progress } from '../core/progress.js';
import { cropImage } from '../data/preprocess.js';
import { imageFeatures } from '../inference/image-features.js';
import type { LoadedClip } from '../node/load-clip.js';
import { sha256OfJson } from '../run/provenance.js';
import { readState, writeState } from '../run/training-state.js';
import type { Runtime } from '../runtime/session.js';
import { formatShape, sameShape } from '../tensor/shape.js';
import { captionerShapes, type CaptionerShape, type CaptionerTensors } from '../training/captioner/captioner-graph.js';
import {
  captionerShape,
  trainCaptioner,
  type Captioner,
  type CaptionerTraining,
} from '../training/captioner/captioner.js';
import { CaptionVocabulary } from '../training/captioner/vocabulary.js';
import type { EmojiAtlas } from '../world/atlas.js';
import { captionTexts } from '../world/captions.js';
import { worldPairs } from '../world/pairs.js';

/** What a captioner of the emoji world is made from. */
export interface CaptionerSource {
  /** The model whose image embeddings it learns to read. */
  readonly clip: Pick<LoadedClip, 'weights' | 'preprocess' | 'sha256'>;
  readonly atlas: EmojiAtlas;
  readonly training: CaptionerTraining;
  /** Scenes that it learns from. */
  readonly examples: number;
  readonly seed: number;
  readonly runtime: Runtime;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** Being made in this process, by name: cells side by side share one. */
const underWay = new Map<string, Promise<Captioner>>();

/**
 * The captioner of these settings: read from `work` where it is there, else trained, and kept there.
 * @param work folder of what measurements share; undefined: nothing is kept
 * @throws InputError (`malformed`) for a file that was changed; (`storage`)
 */
export async function captionerOf(source: CaptionerSource, work: string | undefined): Promise<Captioner> {
  const { clip, atlas, training, examples, seed } = source;
  const identity = { format: 'rvpt-captioner-1', model: clip.sha256, atlas: atlas.sha256, examples, seed };
  const name = sha256OfJson({ ...identity, training: { ...training } });
  const key = `${work ?? ''} ${name}`;
  const known = underWay.get(key);
  if (known !== undefined) return known;
  const made = makeOrRead(source, work, name).finally(() => underWay.delete(key));
  underWay.set(key, made);
  return made;
}

async function makeOrRead(source: CaptionerSource, work: string | undefined, name: string): Promise<Captioner> {
  const { clip, atlas, training, examples, seed, runtime } = source;
  const { weights, preprocess } = clip;
  const vocabulary = new CaptionVocabulary(captionTexts(atlas));
  const pairs = worldPairs(atlas, { seed, count: examples });
  const captions = Array.from({ length: examples }, (_, i) => pairs.caption(i));
  const file = work === undefined ? undefined : path.join(work, 'captioners', `${name}.safetensors`);
  const stored = file === undefined ? undefined : await readState(file, name);
  if (file !== undefined && stored !== undefined) {
    const shape = captionerShape(captions, weights.architecture.embedDim, vocabulary, training);
    refuseOther(file, stored.tensors, shape);
    return { shape, vocabulary, tensors: stored.tensors };
  }
  const crops = { length: examples, at: async (i: number) => cropImage(await pairs.image(i), preprocess) };
  const features = await imageFeatures(runtime, weights, preprocess, crops, source);
  const captioner = await trainCaptioner(runtime, { features, captions }, vocabulary, training, source);
  if (file !== undefined) {
    await mkdir(path.dirname(file), { recursive: true });
    await writeState(file, { step: training.steps, tensors: captioner.tensors }, name);
  }
  return captioner;
}

function refuseOther(file: string, tensors: CaptionerTensors, shape: CaptionerShape): void {
  for (const [name, wanted] of captionerShapes(shape)) {
    const found = tensors.get(name)?.shape;
    if (found !== undefined && sameShape(found, wanted)) continue;
    throw new InputError({
      code: 'malformed',
      operation: `read the captioner ${file}`,
      expected: `${name} ${formatShape(wanted)}`,
      received: found === undefined ? 'none' : formatShape(found),
      fix: 'Delete the file to train it again.',
    });
  }
}
