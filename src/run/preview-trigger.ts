import { changedBox } from '../attack/poison/changed-box.js';
import { specOfTrigger, type TriggerSpec } from '../attack/trigger/trigger-spec.js';
import { raster, type Raster } from '../core/raster.js';
import { clipPreprocess, cropImage } from '../data/preprocess.js';
import { imageDecoder } from '../node/decode-image.js';
import { encodePng } from '../node/encode-png.js';
import { FileBytes } from '../node/files.js';
import type { OpenedTrigger } from '../node/open-trigger.js';
import { sha256 } from '../node/sha256.js';
import { writeAtomic } from './atomic-file.js';
import { jsonBeside } from './json-beside.js';
import { currentVersions } from './provenance.js';
import { testCard } from './test-card.js';

/** Which trigger is shown on which image. */
export interface PreviewOptions {
  readonly trigger: OpenedTrigger;
  /** By default a test card. */
  readonly image?: string;
  /** Side of the square that the trigger is put on, in pixels. */
  readonly size: number;
  /** Of what the trigger draws, where it names no seed itself. */
  readonly seed: number;
}

/** What a preview shows, as it stands in the file beside it. */
export interface TriggerPreview {
  readonly format: 'rvpt-trigger-preview-1';
  readonly trigger: TriggerSpec & { readonly seed: number };
  readonly trigger_files: Readonly<Record<string, string>>;
  readonly image: { readonly path: string; readonly sha256: string } | 'test card';
  readonly size: number;
  /** From left to right. */
  readonly panels: readonly ['before', 'after', 'difference'];
  /** Pixels of the picture for a pixel of the image. */
  readonly magnified: number;
  /** Levels that a level of difference is shown as, around grey. */
  readonly gain: number;
  /** Share of the pixels that the trigger changes, in [0, 1]. */
  readonly changed: number;
  /** Left, top, width and height of the box around them; null where there are none. */
  readonly box: readonly number[] | null;
  /** Mean and largest change of a value, in levels of 0…255. */
  readonly mean_difference: number;
  readonly largest_difference: number;
  /** A class prompt before and after, where the trigger has a text key. */
  readonly text?: { readonly before: string; readonly after: string };
  readonly versions: object;
}

/** Small images are shown at least this large. */
const readableSide = 224;
const gap = 8;
const examplePrompt = 'a photo of a cat.';

/**
 * Writes a PNG with an image before a trigger, after it, and the difference, amplified around grey; and beside it a JSON
 * file that says what is to be seen.
 * @throws InputError when the image cannot be read, or the file is to be no PNG; (`storage`)
 */
export async function previewTrigger(file: string, options: PreviewOptions): Promise<TriggerPreview> {
  const json = jsonBeside(file);
  const { trigger: opened, size, image: name = 'test card' } = options;
  const { trigger, seed = options.seed } = opened;
  const { before, image } = await openImage(options);
  const after = trigger.apply(before, { seed, imageKey: name });
  const { total, largest, pixels } = differences(before, after);
  const magnified = Math.max(1, Math.round(readableSide / size));
  const gain = largest === 0 ? 1 : 127 / largest;
  const preview: TriggerPreview = {
    format: 'rvpt-trigger-preview-1',
    trigger: { ...specOfTrigger(trigger), seed },
    trigger_files: opened.files,
    image,
    size,
    panels: ['before', 'after', 'difference'],
    magnified,
    gain,
    changed: pixels / (size * size),
    box: changedBox(before, after) ?? null,
    mean_difference: total / (size * size * 3),
    largest_difference: largest,
    ...(trigger.applyText === undefined
      ? {}
      : { text: { before: examplePrompt, after: trigger.applyText(examplePrompt) } }),
    versions: currentVersions(),
  };
  const panels = [before, after, amplified(before, after, gain)].map((panel) => magnify(panel, magnified));
  await writeAtomic(file, await encodePng(sideBySide(panels)));
  await writeAtomic(json, `${JSON.stringify(preview, undefined, 2)}\n`);
  return preview;
}

async function openImage({
  trigger: { trigger },
  image,
  size,
}: PreviewOptions): Promise<{ before: Raster; image: TriggerPreview['image'] }> {
  if (image === undefined) return { before: testCard(size), image: 'test card' };
  await using file = await FileBytes.open(image);
  const resizeMode = trigger.resize === 'squash' ? 'squash' : 'crop';
  const before = cropImage(await imageDecoder()(file), { ...clipPreprocess(size), resizeMode });
  return { before, image: { path: image, sha256: await sha256(file) } };
}

/** Sum and largest of all changes of values, and how many pixels changed. */
function differences(before: Raster, after: Raster): { total: number; largest: number; pixels: number } {
  let [total, largest, pixels] = [0, 0, 0];
  for (let at = 0; at < before.data.length; at += 3) {
    let changed = false;
    for (let i = at; i < at + 3; i++) {
      const difference = Math.abs(after.data[i] - before.data[i]);
      total += difference;
      largest = Math.max(largest, difference);
      changed ||= difference > 0;
    }
    if (changed) pixels++;
  }
  return { total, largest, pixels };
}

function amplified({ width, height, data }: Raster, after: Raster, gain: number): Raster {
  return raster(
    width,
    height,
    data.map((value, i) => Math.round(128 + gain * (after.data[i] - value))),
  );
}

/** Every pixel as a square of `times` by `times`. */
function magnify({ width, height, data }: Raster, times: number): Raster {
  const [wide, high] = [width * times, height * times];
  const out = new Uint8Array(wide * high * 3); // [high, wide, 3]
  for (let y = 0; y < high; y++) {
    for (let x = 0; x < wide; x++) {
      const from = (Math.floor(y / times) * width + Math.floor(x / times)) * 3;
      out.set(data.subarray(from, from + 3), (y * wide + x) * 3);
    }
  }
  return raster(wide, high, out);
}

/** Panels of one size from left to right, on white. */
function sideBySide(panels: readonly Raster[]): Raster {
  const [{ width, height }] = panels;
  const wide = panels.length * width + (panels.length + 1) * gap;
  const high = height + 2 * gap;
  const out = new Uint8Array(wide * high * 3).fill(255); // [high, wide, 3]
  panels.forEach(({ data }, panel) => {
    const left = gap + panel * (width + gap);
    for (let y = 0; y < height; y++) {
      out.set(data.subarray(y * width * 3, (y + 1) * width * 3), ((gap + y) * wide + left) * 3);
    }
  });
  return raster(wide, high, out);
}
