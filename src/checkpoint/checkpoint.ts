import type { ByteSource, Folder } from '../core/bytes.js';
import type { ConfigClaims } from './config-claims.js';
import { readConfig, release } from './config-file.js';
import type { LazyTensor } from './lazy-tensor.js';
import type { Naming } from './name-table.js';
import { openWeightFile, type Container } from './open-weight-file.js';
import { digestOf, type Sha256 } from './digest.js';
import { fileName, translate } from './state-dict.js';
import { findWeights, joinShards, weightFiles } from './weight-files.js';

/** Whose files these are: open_clip has OpenAI's names and a config of its own. */
export type Family = Naming | 'open_clip';

/** For instance `openai-torchscript`, `huggingface-safetensors`. */
export type CheckpointFormat = `${Family}-${Container}`;

/** A CLIP checkpoint that was opened and not read: headers are checked, tensors are still in their files. */
export interface Checkpoint extends AsyncDisposable {
  /** Path of the file or folder. */
  readonly name: string;
  readonly format: CheckpointFormat;
  readonly naming: Naming;
  /** Weight files, without the folder. */
  readonly files: readonly string[];
  /** By canonical name. */
  readonly tensors: ReadonlyMap<string, LazyTensor>;
  /** Names in the file that no CLIP has. */
  readonly unknown: readonly string[];
  /** Tensors that cannot be what their name says, each in a phrase. */
  readonly unfit: readonly string[];
  /** What a config beside the weights says, where there is one. */
  readonly config: ConfigClaims | undefined;
  /** Things a person should know about how it was read. */
  readonly notes: readonly string[];
  /** The name that the file uses for a canonical tensor. */
  fileName(canonical: string): string;
  /**
   * SHA-256 of the weight file in hex. Of a sharded checkpoint: of the lines `<sha256>  <file>` for all shards in order
   * of name, which is what `sha256sum *.safetensors | sha256sum` prints.
   */
  sha256(): Promise<string>;
}

export interface OpenOptions {
  /** The weight file in the folder; without it, the usual names are tried. */
  readonly file?: string | undefined;
  readonly sha256: Sha256;
}

/**
 * Opens a checkpoint in a folder. Nothing in it is ever executed.
 * @throws InputError when there is none, when it breaks its format, asks for code, or is not a ViT CLIP with both towers.
 */
export async function openCheckpoint(folder: Folder, options: OpenOptions): Promise<Checkpoint> {
  const sources: ByteSource[] = [];
  const close = async () => {
    for (const source of sources.splice(0)) await release(source);
  };
  try {
    return { ...(await open(folder, options, sources)), [Symbol.asyncDispose]: close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

async function open(
  folder: Folder,
  { file, sha256 }: OpenOptions,
  sources: ByteSource[],
): Promise<Omit<Checkpoint, typeof Symbol.asyncDispose>> {
  const { names, index } = await (file === undefined ? findWeights(folder) : weightFiles(folder, file));
  const shards = [];
  for (const name of names) {
    const source = await folder.open(name);
    sources.push(source);
    shards.push({ name, source, ...(await openWeightFile(source)) });
  }
  const [{ container, tensors, source }] = shards;
  const stored = index === undefined ? tensors : joinShards(folder.name, index, shards);
  const title = file === undefined ? folder.name : source.name;
  const { naming, prefixedText, ...translation } = translate(title, stored);
  const { config, notes } = await readConfig(folder, naming);
  const openClip = naming === 'openai' && (prefixedText || names[0].startsWith('open_clip'));
  const digested = shards.map((shard) => ({ name: shard.name, source: shard.source }));
  return {
    ...translation,
    name: title,
    format: `${openClip ? 'open_clip' : naming}-${container}`,
    naming,
    files: names,
    config,
    notes: [...notes, ...(config?.notes ?? [])],
    fileName: (canonical) => fileName(canonical, naming),
    sha256: () => digestOf(digested, sha256),
  };
}
