import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { specOfTrigger } from '../attack/trigger/trigger-spec.js';
import { MemoryBytes, type Folder } from '../core/bytes.js';
import { silentProgress, type Progress } from '../core/progress.js';
import { findFiles } from '../data/find-files.js';
import { imageKind } from '../data/image-formats.js';
import { ImageLoader, type BrokenImage } from '../data/loader.js';
import { clipPreprocess, type ResizeMode } from '../data/preprocess.js';
import { Problems } from '../data/problems.js';
import { repeated } from '../data/repeated.js';
import { withFile } from '../data/text-file.js';
import { imageDecoder, type DecoderOptions } from '../node/decode-image.js';
import { encodePng } from '../node/encode-png.js';
import type { OpenedTrigger } from '../node/open-trigger.js';
import { sha256 } from '../node/sha256.js';
import { copyTriggerFiles } from './copy-trigger-files.js';
import { currentVersions } from './provenance.js';
import { writeJson } from './run-files.js';
import { writeFolder } from './write-folder.js';

/** Which trigger is put on which images. */
export interface ApplyTriggerOptions {
  readonly trigger: OpenedTrigger;
  /** Images at any depth. */
  readonly images: Folder;
  /** Side of the square images that are written, in pixels. */
  readonly size: number;
  /** How an image becomes a square; by default as the trigger wants it, or else by CLIP's crop. */
  readonly resize?: ResizeMode;
  /** Of what the trigger draws, where it names no seed itself. */
  readonly seed: number;
  readonly decoding?: DecoderOptions;
  readonly onBroken?: 'skip' | 'fail';
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
}

/** What `applyTrigger` wrote. */
export interface AppliedTrigger {
  readonly images: number;
  readonly resize: ResizeMode;
  /** The seed that the trigger drew from. */
  readonly seed: number;
  /** Files that are no images, left out. */
  readonly ignored: readonly string[];
  /** Images that could not be decoded, left out. */
  readonly broken: readonly BrokenImage[];
}

/** The file beside the images. `--trigger` takes it. */
export const appliedManifest = 'manifest.json';

/**
 * Writes a triggered copy of a folder of images: square PNGs under their old paths, and `manifest.json` with the trigger,
 * the seed and the SHA-256 of every file before and after. The trigger draws by the path of an image in its folder, as
 * `evaluate` lets it. The folder is whole or not there.
 * @throws InputError when there are no images, an image is broken and `onBroken` is `fail`, or the folder is not empty
 */
export async function applyTrigger(folder: string, options: ApplyTriggerOptions): Promise<AppliedTrigger> {
  const { trigger: opened, images, size } = options;
  const { trigger, seed = options.seed } = opened;
  const resize = options.resize ?? (trigger.resize === 'squash' ? 'squash' : 'crop');
  const { paths, ignored } = await findImages(images);
  return writeFolder(`write triggered images to ${folder}`, folder, async (temporary) => {
    const { written, broken } = await writeImages(temporary, paths, options, seed, resize);
    const record = { trigger: { ...specOfTrigger(trigger), seed }, trigger_files: opened.files };
    const { trigger: spec, trigger_files } = await copyTriggerFiles(temporary, record, opened);
    await writeJson(path.join(temporary, appliedManifest), {
      format: 'rvpt-triggered-1',
      trigger: { ...spec, seed },
      trigger_files,
      ...(opened.target === undefined ? {} : { target: opened.target }),
      source: images.name,
      size,
      resize,
      images: written.map((image) => ({ ...image })),
      skipped: broken.map(({ sample }) => sample.path),
      versions: { ...currentVersions() },
    });
    return { images: written.length, resize, seed, ignored, broken };
  });
}

/** @throws InputError (`data`) when there are none, or some that cannot be read or that would become one file */
async function findImages(images: Folder): Promise<{ paths: string[]; ignored: string[] }> {
  const files = await findFiles(images);
  const ofKind = (kind: ReturnType<typeof imageKind>): string[] => files.filter((file) => imageKind(file) === kind);
  const paths = ofKind('image');
  const problems = new Problems();
  problems.addList(ofKind('unreadable'), (few) => `images of kinds that are not read: ${few}`);
  problems.addList(repeated(paths.map(pngPath)), (few) => `more than one image that would become ${few}`);
  if (paths.length === 0) problems.add('no images');
  problems.throwIfAny({ operation: `read the images in ${images.name}`, expected: 'a folder of images' });
  return { paths, ignored: ofKind('other') };
}

/** `cat/1.png` stays, `cat/1.jpg` becomes `cat/1.jpg.png`. */
function pngPath(file: string): string {
  return file.toLowerCase().endsWith('.png') ? file : `${file}.png`;
}

interface WrittenImage {
  readonly file: string;
  readonly source: string;
  readonly sha256_before: string;
  readonly sha256_after: string;
}

async function writeImages(
  folder: string,
  paths: readonly string[],
  options: ApplyTriggerOptions,
  seed: number,
  resizeMode: ResizeMode,
): Promise<{ written: WrittenImage[]; broken: readonly BrokenImage[] }> {
  const { images, size, decoding = {}, onBroken = 'fail', progress = silentProgress, signal } = options;
  const { trigger } = options.trigger;
  const loader = new ImageLoader({
    images,
    samples: paths.map((file) => ({ path: file, label: 0 })),
    decode: imageDecoder(decoding),
    preprocess: { ...clipPreprocess(size), resizeMode },
    onBroken,
  });
  const written: WrittenImage[] = [];
  const task = progress.begin('triggering', paths.length, 'images');
  try {
    for await (const { crop, sample, index } of loader.images()) {
      signal?.throwIfAborted();
      const file = pngPath(sample.path);
      const png = await encodePng(trigger.apply(crop, { seed, imageKey: sample.path }));
      await mkdir(path.join(folder, path.dirname(file)), { recursive: true });
      await writeFile(path.join(folder, file), png);
      written.push({
        file,
        source: sample.path,
        sha256_before: await withFile(images, sample.path, sha256),
        sha256_after: await sha256(new MemoryBytes(file, png)),
      });
      task.update(index + 1);
    }
  } finally {
    task.end();
  }
  return { written, broken: loader.broken };
}
