import type { Block, Finding } from '../src/report/document.js';
import type { PaperResult } from '../src/paper/paper-document.js';
import type { Format } from './output.js';

/** An item for a terminal: its tables, then what holds of the paper's findings. Pictures are in its report. */
export function paperText({ item, document, findings }: PaperResult, format: Format): string {
  const { colors } = format;
  const blocks = document.sections.filter(({ id }) => id === 'results').flatMap((section) => section.blocks);
  return [
    colors.bold(`${item.name}: ${item.title}`),
    item.question,
    ...blocks.flatMap((block) => blockText(block, format)),
    ...findings.map((finding) => findingText(finding, format)),
  ].join('\n');
}

function blockText(block: Block, { table, colors }: Format): string[] {
  if (block.kind === 'prose') return [...block.paragraphs];
  if (block.kind !== 'table') return [];
  const head = block.columns.map(({ label, detail }) => (detail === undefined ? label : `${label} (${detail})`));
  const rows = block.rows.map((row) =>
    row.map(({ text, published, best }) => {
      const shown = best === true ? colors.bold(`${text} *`) : text;
      return published === undefined ? shown : `${shown}\npaper ${published}`;
    }),
  );
  return [
    ...(block.title === undefined ? [] : [colors.bold(block.title)]),
    table(head, rows),
    ...(block.caption === undefined ? [] : [block.caption]),
  ];
}

const marks = { holds: 'yes', 'does not hold': 'NO', 'cannot be told': '?' } as const;

function findingText({ claim, verdict, why }: Finding, { colors }: Format): string {
  const paint = { holds: colors.green, 'does not hold': colors.red, 'cannot be told': colors.yellow }[verdict];
  return `${paint(marks[verdict].padEnd(4))}${claim} ${why}`;
}
