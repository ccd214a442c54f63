import { mkdir } from 'node:fs/promises';
import path from 'node:path';

import { IssbaDecoder, IssbaEncoder, type IssbaCodec } from '../attack/issba/issba-codec.js';
import type { IssbaHalf, IssbaWeights } from '../attack/issba/issba-network.js';
import { measureIssba, type IssbaMeasure } from '../attack/issba/measure-issba.js';
import { trainIssba as train, type TrainIssbaOptions } from '../attack/issba/train-issba.js';
import { streamSafetensors } from '../checkpoint/stream-safetensors.js';
import type { Raster } from '../core/raster.js';
import { cachedPairs } from '../data/cached-pairs.js';
import { FileBytes } from '../node/files.js';
import { sha256 } from '../node/sha256.js';
import { asStorageError } from '../node/storage-error.js';
import type { EmojiAtlas } from '../world/atlas.js';
import { worldPairs } from '../world/pairs.js';
import { renderScene } from '../world/render.js';
import { stylesIn } from '../world/styles.js';
import { taskDataset } from '../world/task-dataset.js';
import { writeAtomic } from './atomic-file.js';
import { currentVersions } from './provenance.js';

export interface TrainIssbaRunOptions extends Omit<TrainIssbaOptions, 'images'> {
  /** Folder to write. */
  readonly out: string;
  /** Scenes of it are learned on, and other ones measured on. */
  readonly atlas: EmojiAtlas;
}

/** On a test scene of each class, in styles that were learned on and in styles that were not. */
export type IssbaMeasures = Readonly<Record<'seen' | 'unseen', IssbaMeasure>>;

/** Scenes to learn on. */
const TRAINING_SCENES = 8192;

/**
 * Trains ISSBA's encoder and decoder on scenes of the emoji world and writes them, as `encoder.safetensors` and
 * `decoder.safetensors` in float16, with `issba.json`: settings, hashes, and what the written files do on test scenes.
 * @throws InputError (`storage`) before the training where the folder cannot be made
 */
export async function trainIssba(options: TrainIssbaRunOptions): Promise<IssbaMeasures> {
  const { out, atlas, runtime, settings, seed } = options;
  await mkdir(out, { recursive: true }).catch((thrown: unknown) => {
    throw asStorageError(`write ${out}`, thrown);
  });
  const images = cachedPairs(worldPairs(atlas, { seed, count: TRAINING_SCENES }));
  const weights = await train({ ...options, images });
  const hashes = {
    encoder: await writeHalf(out, 'encoder', weights.encoder),
    decoder: await writeHalf(out, 'decoder', weights.decoder),
  };
  const codec = await readIssba(out);
  const measured = {
    seen: measureIssba(codec, testScenes(atlas, stylesIn(atlas, 'seen'), seed), seed),
    unseen: measureIssba(
      codec,
      testScenes(atlas, [...stylesIn(atlas, 'unseen'), ...stylesIn(atlas, 'mono')], seed),
      seed,
    ),
  };
  await writeRecord(out, {
    format: 'rvpt-issba-1',
    sha256: hashes,
    seed,
    settings,
    runtime: runtime.description,
    atlas_sha256: atlas.sha256,
    measured,
    versions: currentVersions(),
  });
  return measured;
}

/** Both halves of a folder that `trainIssba` wrote. @throws InputError when they are not there, or are not such */
export async function readIssba(folder: string): Promise<IssbaCodec> {
  await using encoder = await FileBytes.open(fileOf(folder, 'encoder'));
  await using decoder = await FileBytes.open(fileOf(folder, 'decoder'));
  return { encoder: await IssbaEncoder.read(encoder), decoder: await IssbaDecoder.read(decoder) };
}

function testScenes(atlas: EmojiAtlas, styles: readonly string[], seed: number): Raster[] {
  const { scenes } = taskDataset(atlas, 'a', { split: 'test', perClass: 1, styles, seed });
  return scenes.map(({ scene }) => renderScene(atlas, scene));
}

const fileOf = (folder: string, half: IssbaHalf): string => path.join(folder, `${half}.safetensors`);

/** @returns the file's SHA-256 */
async function writeHalf(folder: string, half: IssbaHalf, weights: IssbaWeights): Promise<string> {
  const shapes = new Map([...weights].map(([name, { shape }]) => [name, shape]));
  const read = (name: string): Promise<Float32Array> => Promise.resolve(weights.get(name)?.data ?? new Float32Array(0));
  const metadata = new Map([['format', `rvpt-issba-${half}-1`]]);
  await writeAtomic(fileOf(folder, half), streamSafetensors(shapes, read, metadata, 'float16'));
  await using written = await FileBytes.open(fileOf(folder, half));
  return await sha256(written);
}

async function writeRecord(folder: string, record: object): Promise<void> {
  await writeAtomic(path.join(folder, 'issba.json'), `${JSON.stringify(record, undefined, 2)}\n`);
}
