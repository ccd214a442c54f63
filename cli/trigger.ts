import path from 'node:path';
import { z } from 'zod';

import { triggers } from '../src/attack/trigger/triggers.js';
import type { TriggerEntry } from '../src/attack/trigger/trigger.js';
import { settingsHelp, type SettingHelp } from '../src/core/catalog.js';
import { InputError } from '../src/core/errors.js';
import { nearestNames } from '../src/core/nearest.js';
import { defaultMaxPixels } from '../src/node/decode-image.js';
import { DiskFolder, liesInside } from '../src/node/files.js';
import { openTrigger } from '../src/node/open-trigger.js';
import { appliedManifest, applyTrigger } from '../src/run/apply-trigger.js';
import { refuseUnwritable } from '../src/run/atomic-file.js';
import { jsonBeside } from '../src/run/json-beside.js';
import { previewTrigger } from '../src/run/preview-trigger.js';
import { defineCommand } from './command.js';
import { triggerHelp } from './catalog-help.js';
import { noteBroken } from './measure-options.js';
import type { Format } from './output.js';

const triggerOption = z.string().describe(`the trigger: ${triggerHelp}`);

/** CLIP's towers read 224 pixels, or more. */
const size = z.int().min(1).max(4096).default(224);

export const triggerList = defineCommand({
  name: 'trigger list',
  summary: 'list the triggers with their settings and presets',
  positionals: ['trigger'],
  options: z.object({ trigger: z.string().optional().describe('only this one') }),
  examples: [
    { description: 'all there are', command: 'trigger list' },
    { description: 'what WaNet can be set to', command: 'trigger list wanet' },
  ],
  run(_context, { trigger }) {
    const listed = trigger === undefined ? triggers : [findEntry(trigger)];
    return Promise.resolve({
      data: { triggers: listed.map(entryData) },
      text: (format) => listed.map((entry) => describeEntry(entry, format)).join('\n\n'),
    });
  },
});

/** @throws InputError (`usage`) */
function findEntry(name: string): TriggerEntry {
  const entry = triggers.find((candidate) => candidate.name === name);
  if (entry !== undefined) return entry;
  const names = triggers.map((candidate) => candidate.name);
  const near = nearestNames(name, names, 1).at(0);
  throw new InputError({
    code: 'usage',
    operation: 'rvpt trigger list',
    expected: `one of ${names.join(', ')}`,
    received: JSON.stringify(name),
    ...(near === undefined ? {} : { fix: `Did you mean ${near}?` }),
  });
}

function entryData(entry: TriggerEntry): object {
  const settings = settingsHelp(entry).map(({ name, description, defaultValue, choices }) => ({
    name,
    description,
    default: defaultValue,
    ...(choices.length === 0 ? {} : { choices }),
  }));
  const presets = Object.entries(entry.presets).map(([name, preset]) => ({ name: `${entry.name}@${name}`, ...preset }));
  return { name: entry.name, summary: entry.summary, settings, presets };
}

function describeEntry(entry: TriggerEntry, { colors }: Format): string {
  const line = (name: string, rest: string): string => `  ${name.padEnd(26)} ${rest}`;
  const setting = ({ name, description, defaultValue, choices }: SettingHelp): string =>
    line(`${name}=${defaultValue}`, `${choices.length === 0 ? '' : `[${choices.join(', ')}] `}${description}`);
  const presets = Object.entries(entry.presets).map(([name, { summary, settings }]) => {
    const written = Object.entries(settings).map(([key, value]) => `${key}=${String(value)}`);
    return line(`${entry.name}@${name}`, `${summary} (${written.join(',')})`);
  });
  return [`${colors.bold(entry.name)}: ${entry.summary}`, ...settingsHelp(entry).map(setting), ...presets].join('\n');
}

export const triggerPreview = defineCommand({
  name: 'trigger preview',
  summary: 'draw an image before a trigger, after it, and the difference',
  positionals: ['trigger'],
  options: z.object({
    trigger: triggerOption,
    image: z.string().optional().describe('image to put it on; a test card where not given'),
    out: z.string().describe('PNG to write; a JSON file beside it says what is to be seen'),
    size: size.describe('side of the square that the trigger is put on, in pixels: that of the model'),
  }),
  examples: [
    { description: 'BadNet on a test card', command: 'trigger preview badnet --out badnet.png' },
    {
      description: 'CleanCLIP’s warp on a photo',
      command: 'trigger preview wanet@cleanclip --image cat.jpg --out wanet.png',
    },
    {
      description: 'the trigger that a model was poisoned with, at the size of a small model',
      command: 'trigger preview attacked/manifest.json --size 48 --out attacked.png',
    },
  ],
  async run({ seed }, { trigger, image, out, size: side }) {
    await refuseUnwritable(out);
    const opened = await openTrigger(trigger);
    const preview = await previewTrigger(out, {
      trigger: opened,
      size: side,
      seed,
      ...(image === undefined ? {} : { image }),
    });
    const { changed, box, mean_difference: mean, largest_difference: largest, text } = preview;
    return {
      data: { preview: out, json: jsonBeside(out), ...preview },
      text: ({ colors }) =>
        [
          `${colors.bold('preview')}   ${out}: before, after, difference times ${preview.gain.toPrecision(3)}`,
          `${colors.bold('changes')}   ${(100 * changed).toFixed(1)} % of the pixels${describeBox(box)}, ` +
            `values by ${mean.toFixed(2)} on average and ${largest} at most`,
          ...(text === undefined ? [] : [`${colors.bold('text key')}  "${text.before}" becomes "${text.after}"`]),
        ].join('\n'),
    };
  },
});

function describeBox(box: readonly number[] | null): string {
  if (box === null) return '';
  const [left, top, width, height] = box;
  return `, in ${width} by ${height} at (${left}, ${top})`;
}

/** Triggered copies among the clean images would be taken for clean ones from then on. */
function refuseInside(out: string, data: string): void {
  if (!liesInside(path.resolve(data), path.resolve(out))) return;
  throw new InputError({
    code: 'usage',
    operation: `write triggered images to ${out}`,
    expected: 'a folder outside of the images',
    received: `one in ${data}`,
    fix: 'Choose another --out.',
  });
}

export const triggerApply = defineCommand({
  name: 'trigger apply',
  summary: 'write a triggered copy of a folder of images, with a manifest',
  positionals: ['trigger'],
  options: z.object({
    trigger: triggerOption,
    data: z.string().describe('folder of images, at any depth'),
    out: z.string().describe('folder to write; it must be new or empty'),
    size: size.describe('side of the square images that are written, in pixels: that of the model'),
    resize: z
      .enum(['crop', 'squash'])
      .optional()
      .describe('how an image becomes square, if not as the trigger has it: crop the centre, or squash'),
    maxPixels: z.int().min(1).default(defaultMaxPixels).describe('largest image that is decoded, in pixels'),
    exifRotation: z.boolean().default(true).describe('leave images as stored, whatever their EXIF orientation says'),
    onBroken: z
      .enum(['fail', 'skip'])
      .default('fail')
      .describe('what to do with an image that cannot be decoded: stop, or leave it out and name it'),
  }),
  examples: [
    { description: 'a test set under attack', command: 'trigger apply badnet --data pets/test --out pets/triggered' },
    {
      description: 'with a patch that was optimised',
      command: 'trigger apply patch:file=badclip.png,size=37 --data pets/test --out pets/badclip',
    },
  ],
  async run(context, { trigger, data, out, size: side, resize, maxPixels, exifRotation, onBroken }) {
    const opened = await openTrigger(trigger);
    refuseInside(out, data);
    const applied = await applyTrigger(out, {
      trigger: opened,
      images: new DiskFolder(data),
      size: side,
      ...(resize === undefined ? {} : { resize }),
      seed: context.seed,
      decoding: { maxPixels, exifRotation },
      onBroken,
      progress: context.progress,
      signal: context.signal,
    });
    noteBroken(context, applied.broken);
    const manifest = `${out}/${appliedManifest}`;
    return {
      data: {
        out,
        manifest,
        images: applied.images,
        size: side,
        resize: applied.resize,
        seed: applied.seed,
        trigger: { name: opened.trigger.name, settings: opened.trigger.settings },
        ignored: applied.ignored,
        skipped: applied.broken.map(({ sample, error }) => ({ image: sample.path, error: error.message })),
      },
      text: ({ colors }) =>
        [
          `${colors.bold('images')}    ${applied.images} of ${side} by ${side} pixels in ${out}`,
          `${colors.bold('manifest')}  ${manifest}`,
        ].join('\n'),
    };
  },
});
