import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';

import { markdownTable } from '../src/export/markdown.js';
import { documentMarkdown, galleriesOf } from '../src/paper/document-markdown.js';
import { defendingSeconds, type PaperResult } from '../src/paper/paper-document.js';
import { documentFiles } from '../src/report/document-files.js';
import { verdicts, type DocumentGallery } from '../src/report/document.js';
import { heatMap } from '../src/report/heat-map.js';
import { writeAtomic } from '../src/run/atomic-file.js';

type GalleryPicture = DocumentGallery['cards'][number]['pictures'][number];

/** How the results came about. */
interface Made {
  /** What makes the same pages again. */
  readonly command: string;
  /** Whether models and images are the package's: pages of this repository speak of these. */
  readonly isOfPackage: boolean;
}

/**
 * Writes results for a repository: a page an item with its figures, and an index that says where the findings agree with
 * the paper. Every number in them is of the runs.
 * @returns the files
 * @throws InputError (`storage`)
 */
export async function writePages(folder: string, results: readonly PaperResult[], made: Made): Promise<string[]> {
  const files = new Map<string, string | Uint8Array>([['README.md', indexPage(results, made)]]);
  for (const { item, document } of results) {
    const charts = (await documentFiles(document)).filter(({ path: name }) => name.endsWith('.svg'));
    for (const { path: name, text } of charts) files.set(figureFile(item.name, path.posix.basename(name)), text);
    const cardName = (gallery: number, card: number, picture: number): string =>
      figureFile(item.name, `gallery-${gallery}-${card}-${picture}.png`);
    for (const [g, { cards }] of galleriesOf(document).entries()) {
      for (const [c, { pictures }] of cards.entries()) {
        for (const [p, picture] of pictures.entries()) files.set(cardName(g + 1, c + 1, p + 1), await drawn(picture));
      }
    }
    const chart = (figure: string, number: number): string => figureFile(item.name, `${figure}-${number}.svg`);
    files.set(`${item.name}.md`, documentMarkdown(document, { chart, card: cardName }));
  }
  for (const [name, content] of files) {
    const file = path.join(folder, ...name.split('/'));
    await mkdir(path.dirname(file), { recursive: true });
    await writeAtomic(file, content);
  }
  return [...files.keys()].map((name) => path.join(folder, name));
}

function figureFile(item: string, name: string): string {
  return `figures/${item}-${name}`;
}

/** Pixels across a picture of a gallery on a page. */
const SIDE = 120;

/** A picture with its attention over it, as a PNG. */
async function drawn({ png, attention }: GalleryPicture): Promise<Uint8Array> {
  const picture = sharp(Buffer.from(png, 'base64')).resize(SIDE, SIDE);
  if (attention === undefined) return picture.png({ compressionLevel: 9 }).toBuffer();
  const [, heat] = heatMap(attention).split(',');
  const over = await sharp(Buffer.from(heat, 'base64')).resize(SIDE, SIDE).png().toBuffer();
  return picture
    .composite([{ input: over }])
    .png({ compressionLevel: 9 })
    .toBuffer();
}

/** Said of this repository's own results, which lie in docs/results. */
const EXPLAINED =
  "What the numbers mean is in [the paper's items](../paper.md), why they are as they are in [findings](../findings.md).";

function indexPage(results: readonly PaperResult[], { command, isOfPackage }: Made): string {
  const count = (result: PaperResult, verdict: (typeof verdicts)[number]): number =>
    result.findings.filter((finding) => finding.verdict === verdict).length;
  const rows = results.map((result) => [
    `[${result.item.name}](${result.item.name}.md)`,
    result.item.title,
    ...verdicts.map((verdict) => String(count(result, verdict))),
    String(Math.round(defendingSeconds(result.defending) / 60)),
  ]);
  const total = verdicts.map((verdict) => results.reduce((sum, result) => sum + count(result, verdict), 0));
  const not = results.flatMap(({ item, findings }) =>
    findings
      .filter(({ verdict }) => verdict !== 'holds')
      .map(({ claim, verdict, why }) => `- [${item.name}](${item.name}.md), ${verdict}: ${claim} ${why}`),
  );
  const all = new Map(results.flatMap(({ defending }) => [...defending]));
  const [first] = results;
  return [
    '# Results',
    `Every table and figure of the paper that could be made again, on the models and images named below. Written by \`${command}\`; no number here is written by hand.${isOfPackage ? ` ${EXPLAINED}` : ''}`,
    `Of ${total.reduce((sum, each) => sum + each, 0)} findings, ${total[0]} hold here, ${total[1]} do not, and ${total[2]} cannot be told.`,
    markdownTable(['item', 'what', ...verdicts, 'minutes of defending'], rows),
    `Items share defended models: together they are ${all.size}, and took ${Math.round(defendingSeconds(all) / 60)} minutes of defending, each by itself.`,
    ...(not.length === 0 ? [] : ['## What does not hold, or cannot be told', not.join('\n')]),
    '## Where the numbers come from',
    markdownTable(
      ['', ''],
      first.document.provenance
        .filter(({ name }) => ['machine', 'versions'].includes(name))
        .map(({ name, value }) => [name, value]),
    ),
    '',
  ].join('\n\n');
}
