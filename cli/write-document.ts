import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';

import type { ReportDocument } from '../src/report/document.js';
import { documentFiles } from '../src/report/document-files.js';
import { writeAtomic } from '../src/run/atomic-file.js';

/** Pixels of a picture to one of its drawing. */
const PIXELS = 2;

/**
 * Writes a document into a folder, which is made where it is not there: `report.html`, and each chart as
 * `figures/<figure>-<number>` in `.svg`, `.png` and `.vl.json`.
 * @returns the page
 * @throws InputError (`storage`)
 */
export async function writeDocument(document: ReportDocument, folder: string): Promise<string> {
  for (const { path: name, text } of await documentFiles(document)) {
    const file = path.join(folder, ...name.split('/'));
    await mkdir(path.dirname(file), { recursive: true });
    await writeAtomic(file, text);
    if (!name.endsWith('.svg')) continue;
    const png = sharp(Buffer.from(text), { density: 72 * PIXELS }).png({ compressionLevel: 9 });
    await writeAtomic(file.replace(/svg$/, 'png'), await png.toBuffer());
  }
  return path.join(folder, 'report.html');
}
