import { stat } from 'node:fs/promises';
import path from 'node:path';

import type { Family } from '../checkpoint/checkpoint.js';
import { storedAs } from '../checkpoint/derived-tensor.js';
import { isFloating, itemSizes, type FloatType } from '../checkpoint/dtype.js';
import type { DType, LazyTensor } from '../checkpoint/lazy-tensor.js';
import type { Naming } from '../checkpoint/name-table.js';
import { fileName, untranslate } from '../checkpoint/state-dict.js';
import { streamTensors, type StreamedTensor } from '../checkpoint/stream-safetensors.js';
import { InputError } from '../core/errors.js';
import { silentProgress, type Progress, type ProgressTask } from '../core/progress.js';
import { huggingFacePreprocess, openClipPreprocess } from '../data/preprocess-config.js';
import type { EndOfText } from '../model/architecture.js';
import { CLIP_VOCABULARY_SIZE } from '../model/clip-vocabulary.js';
import { huggingFaceConfig } from '../model/huggingface-config.js';
import { openClipModelConfig } from '../model/open-clip-config.js';
import { sameTokenizer } from '../model/same-tokenizer.js';
import { tokenizerFiles } from '../model/tokenizer-files.js';
import { clipTokenizer } from '../model/tokenizer.js';
import { untold } from '../model/untold.js';
import { readClipMerges } from '../node/assets.js';
import { DiskFolder } from '../node/files.js';
import type { LoadedClip } from '../node/load-clip.js';
import { HashedFiles, type HashedFile } from './hashed-files.js';
import { refuseFilled, writeFolder } from './write-folder.js';

interface Form {
  readonly naming: Naming;
  /** Name of the weight file in the folder; undefined where the form is one file. */
  readonly weights: string | undefined;
}

const forms: Readonly<Record<Family, Form>> = {
  huggingface: { naming: 'huggingface', weights: 'model.safetensors' },
  openai: { naming: 'openai', weights: undefined },
  open_clip: { naming: 'openai', weights: 'open_clip_model.safetensors' },
};

/** Whose names and files a checkpoint can be converted to. */
export const checkpointForms = ['huggingface', 'openai', 'open_clip'] as const satisfies readonly Family[];

/** What to convert, into what. */
export interface ConvertOptions {
  readonly clip: LoadedClip;
  /** Whose names, shapes and files. */
  readonly to: Family;
  /** `huggingface` and `open_clip`: a folder, new or empty. `openai`: a file that is not there, ending in .safetensors. */
  readonly out: string;
  /** What floats are stored as; by default each tensor as it is, to the bit. */
  readonly float?: FloatType;
  /** What to do about all that the form has no place for: `refuse` (the default), or convert and tell it in the result. */
  readonly untold?: 'refuse' | 'note';
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
}

/** A conversion that is done. */
export interface ConvertResult {
  readonly out: string;
  /** Everything that was written, paths relative to the folder. */
  readonly files: readonly HashedFile[];
  /** How many tensors of the new file have which element type. */
  readonly dtypes: Readonly<Partial<Record<DType, number>>>;
  /** What the form has no place for: whoever reads the files has to be told. */
  readonly untold: readonly string[];
  /** What else a person should know, in sentences. */
  readonly notes: readonly string[];
}

/**
 * Writes a checkpoint of any form as safetensors under the names of another, with the config, preprocessing and tokenizer
 * files that belong to it. Bits of weights stay as they are unless `float` asks for another type. Nothing of a pickle is
 * executed; tensors go through memory one at a time; the output is whole or not there.
 * @throws InputError (`usage`) when `out` is there already; (`unsupported`) listing what the form has no place for, and
 *   when a weight does not fit the type; (`storage`)
 */
export async function convertCheckpoint(options: ConvertOptions): Promise<ConvertResult> {
  const { clip, to, out } = options;
  const operation = `convert ${clip.path} to ${out}`;
  const { weights } = forms[to];
  await (weights === undefined ? refuseFile(operation, out) : refuseFilled(operation, out));
  const tokens = await tokensOf(clip);
  const model = {
    architecture: clip.weights.architecture,
    preprocess: clip.preprocess,
    ownTokenizer: tokens === 'own',
  };
  const lost = untold(to, model);
  if (lost.length > 0 && options.untold !== 'note') throw cannotTell(operation, to, lost);

  const tensors = tensorsFor(options);
  const { files } =
    weights === undefined
      ? await writeWeights(new HashedFiles(path.dirname(out)), path.basename(out), tensors, options)
      : await writeFolder(operation, out, async (folder) => {
          const written = await writeWeights(new HashedFiles(folder), weights, tensors, options);
          const beside = {
            ...configFiles(options, tensors, tokens),
            ...(tokens === 'none' ? {} : tokenizerFiles(clip.tokenizer)),
          };
          for (const [name, content] of Object.entries(beside)) await written.writeJson(name, content);
          return written;
        });
  return { out, files, dtypes: countTypes(tensors), untold: lost, notes: notesOn(options, tokens) };
}

/** Whose tokens a model reads: CLIP's, those of a tokenizer.json beside it, or nobody knows. */
type Tokens = 'clip' | 'own' | 'none';

async function tokensOf(clip: LoadedClip): Promise<Tokens> {
  const { vocabularySize, contextLength } = clip.tokenizer;
  const given = await new DiskFolder(clip.folder).has('tokenizer.json');
  if (vocabularySize !== CLIP_VOCABULARY_SIZE) return given ? 'own' : 'none';
  if (!given) return 'clip';
  const standard = clipTokenizer(await readClipMerges(), { vocabularySize, contextLength });
  return sameTokenizer(clip.tokenizer, standard) ? 'clip' : 'own';
}

/** The tensors of the new file by their names in it; nothing is read yet. */
function tensorsFor({ clip, to, float }: ConvertOptions): ReadonlyMap<string, LazyTensor> {
  const canonical = new Map<string, LazyTensor>();
  for (const name of clip.weights.shapes.keys()) {
    const tensor = clip.checkpoint.tensors.get(name);
    if (tensor === undefined) throw new Error(`convert: ${name} is in the table and not in the checkpoint`);
    canonical.set(name, tensor);
  }
  const named = untranslate(canonical, forms[to].naming);
  if (float === undefined) return named;
  return new Map([...named].map(([name, tensor]) => [name, storedAs(name, tensor, float)]));
}

async function writeWeights(
  to: HashedFiles,
  name: string,
  tensors: ReadonlyMap<string, LazyTensor>,
  { progress = silentProgress, signal }: ConvertOptions,
): Promise<HashedFiles> {
  const task = progress.begin('convert', tensors.size, 'tensors');
  try {
    await to.write(name, streamTensors(observed(tensors, task, signal), new Map([['format', 'pt']])));
  } finally {
    task.end();
  }
  return to;
}

/** The same tensors; reading one moves the progress on, and stops where the person asked for it. */
function observed(
  tensors: ReadonlyMap<string, LazyTensor>,
  task: ProgressTask,
  signal: AbortSignal | undefined,
): ReadonlyMap<string, StreamedTensor> {
  let done = 0;
  const observe = (tensor: LazyTensor): StreamedTensor => ({
    dtype: tensor.dtype,
    shape: tensor.shape,
    readBytes: async () => {
      signal?.throwIfAborted();
      const bytes = await tensor.readBytes();
      done += 1;
      task.update(done);
      return bytes;
    },
  });
  return new Map([...tensors].map(([name, tensor]) => [name, observe(tensor)]));
}

function configFiles(
  { clip, to }: ConvertOptions,
  tensors: ReadonlyMap<string, LazyTensor>,
  tokens: Tokens,
): Readonly<Record<string, object>> {
  const { preprocess, tokenizer, weights } = clip;
  const { architecture } = weights;
  if (to === 'open_clip') {
    const preprocessConfig = openClipPreprocess(preprocess);
    return {
      'open_clip_config.json': { model_cfg: openClipModelConfig(architecture), preprocess_cfg: preprocessConfig },
    };
  }
  const { text } = architecture;
  const highest = text.vocabularySize - 1;
  // "the highest id" is said as an id where the tokenizer makes them the same: newer readers know nothing else
  const named: EndOfText = { kind: 'id', id: highest };
  const isNamed = text.endOfText.kind === 'argmax' && tokens !== 'none' && tokenizer.endToken === highest;
  const config = huggingFaceConfig(isNamed ? { ...architecture, text: { ...text, endOfText: named } } : architecture);
  const dtypes = new Set([...tensors.values()].map(({ dtype }) => dtype));
  return {
    'config.json': dtypes.size === 1 ? { ...config, torch_dtype: [...dtypes][0] } : config,
    'preprocessor_config.json': huggingFacePreprocess(preprocess),
  };
}

function notesOn({ clip, to, float }: ConvertOptions, tokens: Tokens): string[] {
  const joined = mixedThirds(clip, forms[to].naming);
  const rounded = [...clip.checkpoint.tensors.values()].filter(
    ({ dtype }) => float !== undefined && isFloating(dtype) && itemSizes[dtype] > itemSizes[float],
  );
  return [
    ...(float === undefined && joined.length > 0
      ? [
          `Queries, keys and values of ${joined.length} tensors have different types and are stored in one that holds them ` +
            'all exactly.',
        ]
      : []),
    ...(float !== undefined && rounded.length > 0 ? [`${rounded.length} tensors were rounded to ${float}.`] : []),
    ...(tokens === 'none' && to !== 'openai' ? ['The model has no tokenizer file, so none was written.'] : []),
  ];
}

/** Tensors of the new file whose parts are of different types in the old one. */
function mixedThirds({ checkpoint }: LoadedClip, naming: Naming): string[] {
  const types = new Map<string, Set<DType>>();
  for (const [canonical, { dtype }] of checkpoint.tensors) {
    const name = fileName(canonical, naming);
    types.set(name, (types.get(name) ?? new Set<DType>()).add(dtype));
  }
  return [...types].filter(([, dtypes]) => dtypes.size > 1).map(([name]) => name);
}

function countTypes(tensors: ReadonlyMap<string, LazyTensor>): Partial<Record<DType, number>> {
  const counts: Partial<Record<DType, number>> = {};
  for (const { dtype } of tensors.values()) counts[dtype] = (counts[dtype] ?? 0) + 1;
  return counts;
}

/** The one file of a form without a folder: a new one, named as what it is. */
async function refuseFile(operation: string, file: string): Promise<void> {
  const there = await stat(file).then(
    (info) => (info.isDirectory() ? 'a folder' : 'a file that is there already'),
    () => undefined, // whatever else is wrong with the place, writing says it
  );
  const received = there ?? (file.endsWith('.safetensors') ? undefined : JSON.stringify(path.basename(file)));
  if (received === undefined) return;
  throw new InputError({
    code: 'usage',
    operation,
    expected: 'the name of a new file that ends in .safetensors',
    received,
    fix: 'Choose another name.',
  });
}

function cannotTell(operation: string, form: Family, lost: readonly string[]): InputError {
  return new InputError({
    code: 'unsupported',
    operation,
    expected: `a model that the files of ${form} can describe`,
    received:
      lost.length === 1 ? 'one thing that they have no place for' : `${lost.length} things that they have no place for`,
    fix: `\n  ${lost.join('\n  ')}\nWrite the form of huggingface, or convert all the same with --untold note.`,
  });
}
