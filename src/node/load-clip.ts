import { stat } from 'node:fs/promises';
import path from 'node:path';

import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { HubOrigin } from '../core/hub-origin.js';
import { preprocessFromHuggingFace, preprocessFromOpenClip } from '../data/preprocess-config.js';
import { clipPreprocess, type Preprocess } from '../data/preprocess.js';
import { parseJson, readText, withFile } from '../data/text-file.js';
import type { ArchitectureOptions } from '../model/infer-architecture.js';
import { loadWeights } from '../model/load-weights.js';
import { chooseTokenizer, readTokenizerJson, type Tokenizer } from '../model/tokenizer.js';
import type { ClipWeights } from '../model/weights.js';
import { readClipMerges } from './assets.js';
import { DiskFolder } from './files.js';
import type { HubOptions } from './hub/hub-repository.js';
import { locateModel } from './model-location.js';
import { openCheckpointAt } from './open-checkpoint.js';

/** A CLIP ready to be used; its tensors are read from disk when they are needed. Dispose of it when done. */
export interface LoadedClip extends AsyncDisposable {
  /** As it was given. */
  readonly path: string;
  /** Where the weights lie, with config and tokenizer beside them. */
  readonly folder: string;
  readonly checkpoint: Checkpoint;
  readonly weights: ClipWeights;
  readonly tokenizer: Tokenizer;
  readonly preprocess: Preprocess;
  /** Of the weight files, see `Checkpoint.sha256`. */
  readonly sha256: string;
  /** Where the files came from, if from a Hub. */
  readonly origin?: HubOrigin;
  /** What the files do not say and what was taken instead: sentences for a person. */
  readonly notes: readonly string[];
}

/** What no file tells, and who is told how a download goes. */
export interface LoadClipOptions extends ArchitectureOptions, HubOptions {}

/** The preprocessing that a config beside the weights asks for, else CLIP's own. */
async function readPreprocess(folder: DiskFolder, imageSize: number): Promise<Preprocess> {
  const read = (name: string): Promise<unknown> =>
    withFile(folder, name, async (file) => parseJson(await readText(file), file.name));
  if (await folder.has('preprocessor_config.json')) {
    return preprocessFromHuggingFace(await read('preprocessor_config.json'), 'preprocessor_config.json', imageSize);
  }
  if (await folder.has('open_clip_config.json')) {
    const config = await read('open_clip_config.json');
    const settings = typeof config === 'object' && config !== null && 'preprocess_cfg' in config;
    if (settings) return preprocessFromOpenClip(config.preprocess_cfg, 'open_clip_config.json', imageSize);
  }
  return clipPreprocess(imageSize);
}

/**
 * Opens a checkpoint with everything that stands beside it: config, tokenizer, preprocessing.
 * @param given a model folder, a weight file, the index of a sharded one; or as `locateModel` takes it: `zoo:badnet`,
 *   `hf:openai/clip-vit-base-patch32`
 * @throws InputError when it is not a ViT CLIP that can be trusted to be what it says
 */
export async function loadClip(given: string, options: LoadClipOptions = {}): Promise<LoadedClip> {
  const { path: location, origin } = await locateModel(given, options);
  const checkpoint = await openCheckpointAt(location);
  try {
    const { weights, assumptions } = loadWeights(checkpoint, options);
    const { text, vision } = weights.architecture;
    const isFolder = (await stat(location)).isDirectory();
    const folder = new DiskFolder(isFolder ? location : path.dirname(location));
    const notes = [...assumptions]; // with what was noted when the checkpoint was opened
    const json = (await folder.has('tokenizer.json'))
      ? await withFile(folder, 'tokenizer.json', readTokenizerJson)
      : undefined;
    const tokenizer = await chooseTokenizer({
      vocabularySize: text.vocabularySize,
      contextLength: text.contextLength,
      json,
      clipMerges: readClipMerges,
      warn: (line) => notes.push(line),
    });
    return {
      path: given,
      folder: folder.name,
      checkpoint,
      weights,
      tokenizer,
      preprocess: await readPreprocess(folder, vision.imageSize),
      sha256: await checkpoint.sha256(),
      ...(origin === undefined ? {} : { origin }),
      notes,
      [Symbol.asyncDispose]: () => checkpoint[Symbol.asyncDispose](),
    };
  } catch (thrown) {
    await checkpoint[Symbol.asyncDispose]();
    throw thrown;
  }
}
