import { markdownTable, oneLine } from '../export/markdown.js';
import type { Block, ReportDocument, TableEntry } from '../report/document.js';

/**
 * A document as Markdown for a repository: tables, findings, figures as pictures. Galleries, which only a page can show
 * well, and links to run folders, which are not in the repository, are left out.
 * @param pictureOf the picture of a figure's chart, as the page links to it; charts count from 1
 */
export function documentMarkdown(
  document: ReportDocument,
  pictureOf: (figure: string, chart: number) => string,
): string {
  const { title, lead, sections, provenance } = document;
  const parts = sections.flatMap(({ heading, blocks }) => {
    const shown = blocks.flatMap((block) => blockMarkdown(block, pictureOf));
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

function blockMarkdown(block: Block, pictureOf: (figure: string, chart: number) => string): string[] {
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
      const pictures = block.charts.map(
        ({ title, description }, i) => `![${plain(`${title}: ${description}`)}](${pictureOf(block.id, i + 1)})`,
      );
      return [...titled(block.title), ...pictures, plain(block.caption)];
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
    case 'gallery':
    case 'links':
      return [];
  }
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
