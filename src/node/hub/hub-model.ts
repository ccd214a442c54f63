import path from 'node:path';

import { MANIFEST_FILE } from '../../attack/poison/manifest.js';
import { weightCandidates, weightFiles } from '../../checkpoint/weight-files.js';
import { InputError } from '../../core/errors.js';
import type { HubOrigin } from '../../core/hub-origin.js';
import { DiskFolder } from '../files.js';
import { parseHubModel } from './hub-id.js';
import { HubRepository, type HubOptions } from './hub-repository.js';

/** What is read beside weights, or carried over to a model that is made of them. */
const companions = [
  'config.json',
  'open_clip_config.json',
  'preprocessor_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'vocab.json',
  'merges.txt',
  MANIFEST_FILE,
];

export interface FetchedModel {
  /** A folder, or the weight file that was asked for. */
  readonly path: string;
  readonly origin: HubOrigin;
}

/**
 * Fetches the files of a model that are read here, and no others: weights, safetensors before pickles, with config,
 * tokenizer and preprocessing.
 * @param given `hf:owner/name[/file][@revision]`
 * @throws InputError (`usage`) when it is no such name; (`missing`) when the repository has no weights; what
 *   `HubRepository` throws
 */
export async function fetchHubModel(given: string, options: HubOptions): Promise<FetchedModel> {
  const id = parseHubModel(given);
  const repository = await HubRepository.open(given, id, options);
  const weights = id.file ?? weightCandidates.find((name) => repository.files.has(name));
  if (weights === undefined) throw noWeights(repository);
  const folder = path.posix.dirname(weights);
  const beside = companions.map((name) => path.posix.join(folder, name)).filter((name) => repository.files.has(name));
  await repository.fetch([weights, ...beside]);
  const { names } = await weightFiles(
    new DiskFolder(path.join(repository.folder, folder)),
    path.posix.basename(weights),
  );
  await repository.fetch(names.map((name) => path.posix.join(folder, name)));
  if (!names.every((name) => name.endsWith('.safetensors'))) {
    options.note?.(`${given}: ${names.join(', ')} may be a pickle; it is parsed, and nothing in it is executed`);
  }
  return {
    path: id.file === undefined ? repository.folder : path.join(repository.folder, weights),
    origin: await repository.origin(),
  };
}

function noWeights({ name, files }: HubRepository): InputError {
  const others = [...files.keys()].filter((file) => /\.(?:safetensors|pt|pth|bin|ckpt)$/.test(file)).slice(0, 5);
  return new InputError({
    code: 'missing',
    operation: `open ${name}`,
    expected: `a repository with one of ${weightCandidates.join(', ')}`,
    received: others.length === 0 ? 'one without weights that are read here' : `one with ${others.join(', ')}`,
    ...(others.length === 0 ? {} : { fix: `Name the file: ${name.replace(/(?=@|$)/, `/${others[0]}`)}.` }),
  });
}
