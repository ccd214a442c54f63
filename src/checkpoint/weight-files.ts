import { z } from 'zod';

import type { ByteSource, Folder } from '../core/bytes.js';
import { InputError } from '../core/errors.js';
import { readJson } from './config-file.js';
import { listed, quoted, refuse } from './refusal.js';

/** Where the weights of a model are: one file, or several with a list of what is in which. */
export interface WeightFiles {
  readonly names: readonly string[];
  /** File by tensor name, for sharded weights. */
  readonly index: ReadonlyMap<string, string> | undefined;
}

/** What a model folder may call its weights, best first: safetensors before pickles. */
export const weightCandidates = [
  'model.safetensors',
  'model.safetensors.index.json',
  'open_clip_model.safetensors',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
  'open_clip_pytorch_model.bin',
] as const;

const maximumIndexBytes = 2 ** 24;
const maximumShards = 1_000;
const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

/**
 * Finds the weights in a model folder.
 * @throws InputError (`missing`) saying what the folder holds instead.
 */
export async function findWeights(folder: Folder): Promise<WeightFiles> {
  for (const name of weightCandidates) {
    if (await folder.has(name)) return weightFiles(folder, name);
  }
  const entries = await folder.list();
  const others = entries.filter(({ name }) => /\.(?:pt|pth|bin|ckpt|safetensors)$/.test(name)).map(({ name }) => name);
  throw new InputError({
    code: 'missing',
    operation: `find a checkpoint in ${folder.name}`,
    expected: `one of ${weightCandidates.join(', ')}`,
    received: entries.length === 0 ? 'an empty folder' : listed(entries.map(({ name }) => quoted(name))),
    fix: others.length === 0 ? 'Give the folder or the file of a CLIP.' : `Give the file itself: ${listed(others)}.`,
  });
}

/** One file, or the shards that an index file lists. */
export async function weightFiles(folder: Folder, name: string): Promise<WeightFiles> {
  if (!name.endsWith('.index.json')) return { names: [name], index: undefined };
  const file = `${folder.name}/${name}`;
  const parsed = indexSchema.safeParse(await readJson(folder, name, maximumIndexBytes));
  if (!parsed.success) {
    throw refuse('malformed', file, { expected: 'a weight_map of tensor names to files', received: 'something else' });
  }
  const index = new Map(Object.entries(parsed.data.weight_map));
  const names = [...new Set(index.values())].sort();
  const climbing = names.find((shard) => /[/\\]/.test(shard) || shard.startsWith('.'));
  if (climbing !== undefined || names.length > maximumShards || names.length === 0) {
    throw refuse('hostile', file, {
      expected: `between 1 and ${maximumShards} files of the same folder`,
      received: climbing === undefined ? `${names.length} files` : quoted(climbing),
      fix: 'Do not trust this folder.',
    });
  }
  return { names, index };
}

/**
 * Joins the tensors of all shards.
 * @throws InputError (`mismatch`) listing every tensor that is not where the index says.
 */
export function joinShards<T>(
  folder: string,
  index: ReadonlyMap<string, string>,
  shards: readonly { readonly source: ByteSource; readonly name: string; readonly tensors: ReadonlyMap<string, T> }[],
): Map<string, T> {
  const joined = new Map<string, T>();
  const misplaced: string[] = [];
  for (const { name: file, tensors } of shards) {
    for (const [name, tensor] of tensors) {
      if (index.get(name) === file) joined.set(name, tensor);
      else misplaced.push(`${quoted(name)} in ${file}`);
    }
  }
  const missing = [...index]
    .filter(([name]) => !joined.has(name))
    .map(([name, file]) => `${quoted(name)} not in ${file}`);
  if (missing.length + misplaced.length === 0) return joined;
  throw refuse('mismatch', folder, {
    expected: 'the tensors that the index lists, in the files that it names',
    received: listed([...missing, ...misplaced]),
    fix: 'The files are of different models or downloads: download the folder again.',
  });
}
