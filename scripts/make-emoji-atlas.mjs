// @ts-check
// Writes assets/emoji: every name of scripts/emoji-names.mjs in every style as sprites, one sheet a style, with
// atlas.json and the licences. Same bytes on every run with the same packages.
//
// A sheet is an opaque image: colours, multiplied by their alpha, above; alpha as grey below. So every decoder gives
// the same bytes, a browser's canvas too, which rounds the colours of translucent pixels.
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import sharp from 'sharp';

import { emojiNames } from './emoji-names.mjs';

const require = createRequire(import.meta.url);
const folder = path.resolve(import.meta.dirname, '../assets/emoji');

const version = 1;
const side = 64;
const columns = 10;
/** Drawn this much larger and then scaled down, for smooth edges. */
const oversampling = 4;

/** @typedef {{ name: string, role: 'seen' | 'unseen' | 'monochrome', words: string[] }} Style */

/** @type {readonly Style[]} */
const styles = [
  { name: 'noto', role: 'seen', words: ['cartoon'] },
  { name: 'noto-v1', role: 'seen', words: ['shiny'] },
  { name: 'fluent-emoji', role: 'seen', words: ['glossy'] },
  { name: 'fluent-emoji-flat', role: 'seen', words: ['flat'] },
  { name: 'emojione', role: 'seen', words: ['simple'] },
  { name: 'fxemoji', role: 'seen', words: ['bold'] },
  { name: 'twemoji', role: 'unseen', words: [] },
  { name: 'fluent-emoji-high-contrast', role: 'monochrome', words: [] },
];

/**
 * @typedef {{ body: string, left?: number, top?: number, width?: number, height?: number }} Icon
 * @typedef {{ icons: Record<string, Icon>, aliases?: Record<string, { parent: string }>, width?: number,
 *   height?: number }} IconSet
 */

/** @param {IconSet} set @param {string} name */
function svgOf(set, name) {
  const icon = set.icons[name] ?? set.icons[set.aliases?.[name]?.parent ?? ''];
  if (icon === undefined) throw new Error(`no icon ${name}`);
  const { left = 0, top = 0, width = set.width ?? 16, height = set.height ?? 16 } = icon;
  const pixels = side * oversampling;
  return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"
    viewBox="${left} ${top} ${width} ${height}" width="${pixels}" height="${pixels}"
    >${icon.body.replaceAll('currentColor', '#000')}</svg>`;
}

/** @param {Style} style */
async function sheetOf(style) {
  /** @type {IconSet} */
  const set = require(`@iconify-json/${style.name}/icons.json`);
  const width = columns * side;
  const half = Math.ceil(emojiNames.length / columns) * side;
  const pixels = Buffer.alloc(width * 2 * half * 3);
  for (const [index, name] of emojiNames.entries()) {
    const svg = svgOf(set, style.name === 'fxemoji' ? name.fxemoji : name.icon);
    const rgba = await sharp(Buffer.from(svg)).resize(side, side).ensureAlpha().raw().toBuffer();
    const left = (index % columns) * side;
    const top = Math.floor(index / columns) * side;
    for (let i = 0; i < side * side; i++) {
      const place = (top + Math.floor(i / side)) * width + left + (i % side);
      const alpha = rgba[4 * i + 3];
      for (let channel = 0; channel < 3; channel++) {
        pixels[3 * place + channel] = Math.round((rgba[4 * i + channel] * alpha) / 255);
        pixels[3 * (place + width * half) + channel] = alpha;
      }
    }
  }
  const image = sharp(pixels, { raw: { width, height: 2 * half, channels: 3 } });
  return image.webp({ lossless: true, effort: 6 }).toBuffer();
}

/** Words that say nothing of a thing, or name the colour of something else. */
const idleTags = ['blue', 'comic', 'done', 'face', 'red', 'white'];
/** A tag that fewer emoji carry is slang or trivia. */
const commonFrom = 6;

/** Keywords by icon: plain, common, and never the name of another thing. @returns {Map<string, string[]>} */
function tagsByIcon() {
  /** @type {{ label: string, tags?: string[] }[]} */
  const emoji = require('emojibase-data/en/data.json');
  const carriers = new Map();
  for (const tag of emoji.flatMap(({ tags = [] }) => tags)) carriers.set(tag, (carriers.get(tag) ?? 0) + 1);
  const words = emojiNames.flatMap(({ name }) => name.split(' '));
  /** @param {string} tag */
  const isNamed = (tag) => words.some((word) => tag.startsWith(word) || word.startsWith(tag));
  return new Map(
    emoji.map(({ label, tags = [] }) => [
      label.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'),
      tags
        .filter((tag) => /^[a-z]{3,}$/.test(tag) && carriers.get(tag) >= commonFrom)
        .filter((tag) => !idleTags.includes(tag) && !isNamed(tag))
        .slice(0, 4),
    ]),
  );
}

/** @typedef {{ name: string, author: { name: string, url: string }, license: { title: string, spdx: string, url: string } }} SetInfo */

async function licences() {
  const rows = styles.map(({ name }) => {
    /** @type {SetInfo} */
    const info = require(`@iconify-json/${name}/info.json`);
    /** @type {{ version: string }} */
    const { version: packageVersion } = require(`@iconify-json/${name}/package.json`);
    const { author, license } = info;
    return (
      `| \`${name}\` | ${info.name} | [${author.name}](${author.url}) | [${license.title}](${license.url}) ` +
      `(\`${license.spdx}\`) | @iconify-json/${name} ${packageVersion} |`
    );
  });
  /** @type {{ version: string }} */
  const { version: tagVersion } = require('emojibase-data/package.json');
  const mit = (await readFile(path.resolve(import.meta.dirname, '../LICENSE'), 'utf8')).replace(
    /^[\s\S]*?\n(?=Permission)/,
    '',
  );
  return `# Licences of the emoji in this folder

_Written by \`npm run make:atlas\`._

The drawings are other people's work, each set under its own licence; the licence of this package does not cover them.

| Style | Set | Author | Licence | Taken from |
|---|---|---|---|---|
${rows.join('\n')}

What was changed, in every set alike: ${emojiNames.length} of its drawings were chosen, turned from SVG into sprites of ${side} by ${side}
pixels, their colours multiplied by their alpha, and laid side by side on one sheet.

The keywords in atlas.json are a choice of those in emojibase-data ${tagVersion} (MIT License, Copyright (c) 2017-2019 Miles
Johnson, https://emojibase.dev).

## Apache License 2.0

The full text is in \`APACHE-2.0.txt\` beside this file.

## Creative Commons Attribution 4.0 International

https://creativecommons.org/licenses/by/4.0/legalcode. Credit: emojione (2.3) by Emoji One, kept up as EmojiTwo; twemoji,
Copyright Twitter, Inc and other contributors.

## MIT License

Fluent Emoji: Copyright (c) Microsoft Corporation. emojibase-data: Copyright (c) 2017-2019 Miles Johnson.

${mit.trim()}
`;
}

await mkdir(folder, { recursive: true });
const tags = tagsByIcon();
const described = [];
let bytes = 0;
for (const style of styles) {
  const sheet = await sheetOf(style);
  const file = `${style.name}.webp`;
  await writeFile(path.join(folder, file), sheet);
  bytes += sheet.length;
  described.push({ ...style, sheet: file, sha256: createHash('sha256').update(sheet).digest('hex') });
}
const atlas = {
  version,
  side,
  columns,
  styles: described,
  names: emojiNames.map(({ name, task, icon }) => ({ name, task, tags: tags.get(icon) ?? [] })),
};
await writeFile(path.join(folder, 'atlas.json'), `${JSON.stringify(atlas, undefined, 1)}\n`);
await writeFile(path.join(folder, 'LICENSES.md'), await licences());
console.log(`${emojiNames.length} names in ${styles.length} styles, ${bytes} bytes in ${folder}`);
