import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';

import { renderDocument } from '../src/report/render-document.js';
import { reportDocument } from '../test/support/documents.js';
import { temporaryFolder } from '../test/support/temporary-folder.js';
import { writeDocument } from './write-document.js';

test('a document becomes a page, and each chart a drawing, a picture of it and a specification', async () => {
  await using folder = await temporaryFolder();
  const out = path.join(folder.path, 'new', 'report');
  const page = await writeDocument(reportDocument(), out);
  expect(await readFile(page, 'utf8')).toBe(await renderDocument(reportDocument()));
  const names = ['features-1', 'features-2', 'shots-1', 'shots-2'];
  expect((await readdir(path.join(out, 'figures'))).sort()).toEqual(
    names.flatMap((name) => ['png', 'svg', 'vl.json'].map((ending) => `${name}.${ending}`)),
  );
  for (const name of names) {
    const file = path.join(out, 'figures', name);
    const [, width, height] = /width="([\d.]+)" height="([\d.]+)"/.exec(await readFile(`${file}.svg`, 'utf8')) ?? [];
    const png = await sharp(`${file}.png`).metadata();
    expect(Math.abs(png.width - 2 * Number(width))).toBeLessThan(1);
    expect(Math.abs(png.height - 2 * Number(height))).toBeLessThan(1);
    // something is drawn: not all of one colour
    expect((await sharp(`${file}.png`).stats()).entropy).toBeGreaterThan(0.1);
  }
});
