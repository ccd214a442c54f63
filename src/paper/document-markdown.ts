import { markdownTable, oneLine } from '../export/markdown.js';
import type { Block, DocumentGallery, ReportDocument, TableEntry } from '../report/document.js';
import { percent } from '../report/format.js';

/** Pictures as a page links to them; all count from 1. */
export interface PagePictures {
  chart(figure: string, chart: number): string;
  card(gallery: number, card: number, picture: number): string;
}

/** The galleries of a document, in the order in which {@link PagePictures} counts them. */
export function galleriesOf({ sections }: ReportDocument): DocumentGallery[] {
  return sections.flatMap(({ blocks }) => blocks.flatMap((block) => (block.kind === 'gallery' ? [block] : [])));
}

/**
 * A document as Markdown for a repository: tables, findings, figures and galleries as pictures. Links to run folders,
 * which are not in the repository, are left out.
 */
export function documentMarkdown(document: ReportDocument, pictures: PagePictures): string {
  const { title, lead, sections, provenance } = document;
  const galleries = galleriesOf(document);
  const parts = sections.flatMap(({ heading, blocks }) => {
    const shown = blocks.flatMap((block) =>
      block.kind === 'gallery'
        ? galleryMarkdown(block, (card, picture) => pictures.card(galleries.indexOf(block) + 1, card, picture))
        : blockMarkdown(block, pictures),
    );
    return shown.length === 0 ? [] : [`## ${plain(heading)}`, ...shown];
  });
  return [
    `# ${plain(title)}`,
    ...(lead === undefined ? [] : [plain(lead)]),
    ...parts,
    '## Where the numbers come from',
    markdownTable(
      ['', ''],
      provenance.map(({ name, value }) => [plain(name), plain(value)]),
    ),
    '',
  ].join('\n\n');
}

function blockMarkdown(block: Exclude<Block, DocumentGallery>, pictures: PagePictures): string[] {
  switch (block.kind) {
    case 'prose':
      return block.paragraphs.map(plain);
    case 'table': {
      const { title, caption, columns, rows } = block;
      const head = columns.map(({ label, detail }) => plain(detail === undefined ? label : `${label}, ${detail}`));
      const table = markdownTable(
        head,
        rows.map((row) => row.map(entryMarkdown)),
      );
      return [...titled(title), table, ...(caption === undefined ? [] : [plain(caption)])];
    }
    case 'figure': {
      const charts = block.charts.map(
        ({ title, description }, i) => `![${plain(`${title}: ${description}`)}](${pictures.chart(block.id, i + 1)})`,
      );
      return [...titled(block.title), ...charts, plain(block.caption)];
    }
    case 'findings': {
      const lines = block.findings.map(({ claim, verdict, why }) => `- **${verdict}**: ${plain(claim)} ${plain(why)}`);
      return [...titled(block.title), lines.join('\n')];
    }
    case 'facts':
      return [
        ...titled(block.title),
        block.facts.map(({ name, value }) => `- ${plain(name)}: ${plain(value)}`).join('\n'),
      ];
    case 'links':
      return [];
  }
}

/** A row a card: its pictures, and what each model answered. */
function galleryMarkdown(
  { title, caption, cards }: DocumentGallery,
  pictureOf: (card: number, picture: number) => string,
): string[] {
  const [first] = cards;
  const head = [
    '',
    ...first.pictures.map((picture) => plain(picture.caption)),
    ...first.answers.map(({ label }) => `${plain(label)}: answers`),
  ];
  const rows = cards.map((card, c) => [
    plain(card.title),
    ...card.pictures.map(
      (picture, p) => `![${plain(`${card.title}, ${picture.caption}`)}](${pictureOf(c + 1, p + 1)})`,
    ),
    ...card.answers.map(({ top }) => top.map((answer) => answerMarkdown(answer, card)).join(', ')),
  ]);
  const marks = 'In bold the true class, ⚑ the attackers’.';
  return [
    ...titled(title),
    markdownTable(head, rows),
    [...(caption === undefined ? [] : [plain(caption)]), marks].join(' '),
  ];
}

type Card = DocumentGallery['cards'][number];

function answerMarkdown({ class: name, probability }: Card['answers'][number]['top'][number], card: Card): string {
  const marked = name === card.truth ? `**${plain(name)}**` : plain(name);
  return `${marked}${name === card.target ? ' ⚑' : ''} ${percent(probability)}`;
}

function titled(title: string | undefined): string[] {
  return title === undefined ? [] : [`### ${plain(title)}`];
}

function entryMarkdown({ text, detail, published, best }: TableEntry): string {
  const main = best === true ? `**${plain(text)}**` : plain(text);
  return [
    main,
    ...(detail === undefined ? [] : [plain(detail)]),
    ...(published === undefined ? [] : [`paper: ${plain(published)}`]),
  ].join('; ');
}

/** Text that Markdown reads nothing into. */
function plain(text: string): string {
  return oneLine(text, 2000).replace(/[\\`*_[\]<>|#]/g, String.raw`\$&`);
}
