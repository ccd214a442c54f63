import { z } from 'zod';

import type { Sha256 } from '../checkpoint/digest.js';
import type { Folder } from '../core/bytes.js';
import { InputError } from '../core/errors.js';
import { nearestNames } from '../core/nearest.js';
import type { DecodedImage, DecodeImage } from '../data/image-decoder.js';
import { parseJson, readText, withFile } from '../data/text-file.js';

/** Raised whenever the meaning of an atlas changes, so that no atlas is read as what it is not. */
export const ATLAS_VERSION = 1;

/** Whose classes a name is one of. */
export const tasks = ['a', 'b'] as const;
export type Task = (typeof tasks)[number];

/**
 * What a style is for. `seen`: trained on; `unseen`: a colour style that is never trained on; `monochrome`: a domain of
 * its own, line drawings in one ink, never trained on either.
 */
export type StyleRole = 'seen' | 'unseen' | 'monochrome';

export interface AtlasStyle {
  readonly name: string;
  readonly role: StyleRole;
  /** Adjectives for captions. */
  readonly words: readonly string[];
}

export interface AtlasName {
  /** What captions and class prompts call the thing; unique. */
  readonly name: string;
  /** `other` names are trained on and are a class of no task. */
  readonly task: Task | 'other';
  /** Single words that go with the thing, none of them part of any name. */
  readonly tags: readonly string[];
}

/** Sprites of every name in every style. */
export interface EmojiAtlas {
  /** Of atlas.json, which holds those of the sheets: names this very atlas in manifests. */
  readonly sha256: string;
  /** Of a sprite, in pixels. */
  readonly side: number;
  readonly names: readonly AtlasName[];
  readonly styles: readonly AtlasStyle[];
  /** @throws InputError (`usage`) when the atlas has no such name. */
  entry(name: string): AtlasName;
  /** @throws InputError (`usage`) when the atlas has no such style. */
  style(style: string): AtlasStyle;
  /** [side, side, 4], 0 … 255: colour multiplied by alpha, alpha. Not to be written to. @throws InputError (`usage`) */
  sprite(name: string, style: string): Uint8Array;
}

const atlasFile = 'atlas.json';

/** No honest atlas comes near these. */
const limits = { side: 512, names: 4096, styles: 64 };

const word = z.string().regex(/^[a-z]+$/);
const nameSchema = z.string().regex(/^[a-z]+( [a-z]+)*$/);
const atlasSchema = z.object({
  side: z.int().min(2).max(limits.side),
  columns: z.int().min(1).max(limits.names),
  styles: z
    .array(
      z.object({
        name: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/),
        role: z.enum(['seen', 'unseen', 'monochrome']),
        words: z.array(word),
        sheet: z.string().regex(/^[\w-]+\.\w+$/),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
      }),
    )
    .min(1)
    .max(limits.styles)
    .refine((styles) => new Set(styles.map(({ name }) => name)).size === styles.length, 'a style is listed twice'),
  names: z
    .array(z.object({ name: nameSchema, task: z.enum([...tasks, 'other']), tags: z.array(word) }))
    .min(1)
    .max(limits.names)
    .refine((names) => new Set(names.map(({ name }) => name)).size === names.length, 'a name is listed twice'),
});
type AtlasFile = z.output<typeof atlasSchema>;

const advice = 'Take the folder assets/emoji of this package as it is, or make it again with `npm run make:atlas`.';

/** What the host does for an atlas. */
export interface AtlasHost {
  readonly decode: DecodeImage;
  readonly sha256: Sha256;
}

/**
 * Reads `atlas.json` and the sheets it names, and checks them against each other.
 * @throws InputError (`missing`) without an atlas; (`unsupported`) for another version; (`malformed`) for one that
 * breaks its format; (`mismatch`) for sheets that are not this atlas's.
 */
export async function openEmojiAtlas(folder: Folder, host: AtlasHost): Promise<EmojiAtlas> {
  const operation = `open the emoji atlas in ${folder.name}`;
  if (!(await folder.has(atlasFile))) {
    throw new InputError({ code: 'missing', operation, expected: atlasFile, received: 'none there', fix: advice });
  }
  const { json, sha256 } = await withFile(folder, atlasFile, async (file) => ({
    json: parseJson(await readText(file), file.name),
    sha256: await host.sha256(file),
  }));
  const atlas = parseAtlas(operation, json);
  const sheets = await Promise.all(atlas.styles.map((style) => readSheet(operation, folder, host, atlas, style)));
  const sprites = new Map(atlas.styles.map((style, i) => [style.name, cutSprites(atlas, sheets[i])]));
  return assemble(atlas, sha256, sprites);
}

function parseAtlas(operation: string, json: unknown): AtlasFile {
  const { data } = z.object({ version: z.unknown().optional() }).safeParse(json);
  if (data !== undefined && data.version !== ATLAS_VERSION) {
    throw new InputError({
      code: 'unsupported',
      operation,
      expected: `version ${ATLAS_VERSION}`,
      received: data.version === undefined ? 'no version' : `version ${JSON.stringify(data.version)}`,
      fix: advice,
    });
  }
  const parsed = atlasSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new InputError({
    code: 'malformed',
    operation,
    expected: 'an atlas as `npm run make:atlas` writes it',
    received: parsed.error.issues
      .slice(0, 5)
      .map(({ path, message }) => `${path.map(String).join('.')}: ${message}`)
      .join('; '),
    fix: advice,
  });
}

async function readSheet(
  operation: string,
  folder: Folder,
  { decode, sha256 }: AtlasHost,
  { side, columns, names }: AtlasFile,
  style: AtlasFile['styles'][number],
): Promise<DecodedImage> {
  return withFile(folder, style.sheet, async (file) => {
    const mismatch = (expected: string, received: string): InputError =>
      new InputError({ code: 'mismatch', operation, expected, received, fix: advice });
    const digest = await sha256(file);
    if (digest !== style.sha256) {
      throw mismatch(`${style.sheet} with the SHA-256 ${style.sha256}`, `another file, ${digest}`);
    }
    const image = await decode(file);
    const [width, height] = [columns * side, 2 * Math.ceil(names.length / columns) * side];
    if (image.width !== width || image.height !== height) {
      throw mismatch(
        `${style.sheet} of ${width} by ${height} pixels: ${names.length} sprites of ${side}, ${columns} in a row, twice`,
        `${image.width} by ${image.height}`,
      );
    }
    return image;
  });
}

/** Sprites of one sheet by their place in the list of names: colour from its upper half, alpha from its lower. */
function cutSprites({ side, columns, names }: AtlasFile, { width, height, data }: DecodedImage): Uint8Array[] {
  const half = (width * height) / 2;
  return names.map((_, index) => {
    const sprite = new Uint8Array(side * side * 4); // [side, side, 4]
    const corner = Math.floor(index / columns) * side * width + (index % columns) * side;
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const from = corner + y * width + x;
        const to = (y * side + x) * 4;
        const alpha = data[3 * (from + half)];
        // colour that is multiplied by alpha cannot exceed it
        for (let channel = 0; channel < 3; channel++) sprite[to + channel] = Math.min(data[3 * from + channel], alpha);
        sprite[to + 3] = alpha;
      }
    }
    return sprite;
  });
}

function assemble(atlas: AtlasFile, sha256: string, sprites: ReadonlyMap<string, readonly Uint8Array[]>): EmojiAtlas {
  const { side } = atlas;
  const names = atlas.names.map(({ name, task, tags }): AtlasName => ({ name, task, tags }));
  const styles = atlas.styles.map(({ name, role, words }): AtlasStyle => ({ name, role, words }));
  const places = new Map(names.map(({ name }, index) => [name, index]));
  const place = (name: string): number => {
    const index = places.get(name);
    if (index === undefined) throw unknown('name', name, [...places.keys()]);
    return index;
  };
  return {
    sha256,
    side,
    names,
    styles,
    entry: (name) => names[place(name)],
    style(wanted) {
      const found = styles.find(({ name }) => name === wanted);
      if (found === undefined) throw unknown('style', wanted, [...sprites.keys()]);
      return found;
    },
    sprite(name, style) {
      const sheet = sprites.get(style);
      if (sheet === undefined) throw unknown('style', style, [...sprites.keys()]);
      return sheet[place(name)];
    },
  };
}

function unknown(what: string, wanted: string, known: readonly string[]): InputError {
  const near = nearestNames(wanted, known);
  return new InputError({
    code: 'usage',
    operation: `look up the ${what} ${JSON.stringify(wanted)} in the emoji atlas`,
    expected: `one of its ${known.length} ${what}s`,
    received: 'one that it does not have',
    fix: near.length > 0 ? `Did you mean ${near.join(', ')}?` : `It has ${known.join(', ')}.`,
  });
}
