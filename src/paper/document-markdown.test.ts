import { expect, test } from 'vitest';

import type { Block, ReportDocument } from '../report/document.js';
import { documentMarkdown, galleriesOf } from './document-markdown.js';

const png = 'iVBORw0KGgo=';

function documentOf(blocks: readonly Block[]): ReportDocument {
  return {
    format: 'rvpt-document-1',
    title: 'Table 1: <attacks>',
    lead: 'How often?',
    sections: [{ id: 'results', heading: 'Results', blocks: [...blocks] }],
    provenance: [{ name: 'machine', value: '2 cores' }],
  };
}

const pictures = {
  chart: (figure: string, chart: number) => `figures/${figure}-${chart}.svg`,
  card: (gallery: number, card: number, picture: number) => `figures/${gallery}-${card}-${picture}.png`,
};

const page = (...blocks: Block[]): string[] => documentMarkdown(documentOf(blocks), pictures).split('\n\n');

test('a page begins with title and question, and ends with where the numbers come from', () => {
  expect(page({ kind: 'prose', paragraphs: ['One.', 'Two.'] })).toEqual([
    String.raw`# Table 1: \<attacks\>`,
    'How often?',
    '## Results',
    'One.',
    'Two.',
    '## Where the numbers come from',
    '|  |  |\n| --- | --- |\n| machine | 2 cores |',
    '',
  ]);
});

test('a table has the best in bold, and detail and the published figure behind the figure', () => {
  const [, , , title, table, caption] = page({
    kind: 'table',
    title: 'Rates',
    caption: 'ASR in %.',
    columns: [{ label: 'defense' }, { label: 'BadNet', detail: '%' }],
    rows: [
      [{ text: 'a|b' }, { text: '9.0', detail: '3 seeds', published: '1.0', best: true }],
      [{ text: '*c*\nd' }, { text: '–' }],
    ],
  });
  expect([title, caption]).toEqual(['### Rates', 'ASR in %.']);
  expect(table.split('\n').slice(2)).toEqual([
    String.raw`| a\|b | **9.0**; 3 seeds; paper: 1.0 |`,
    String.raw`| \*c\* d | – |`,
  ]);
  expect(table).toContain('| defense | BadNet, % |');
});

test('a figure is its pictures, told in words, and its caption', () => {
  const chart = {
    title: 'ASR',
    description: 'falls.',
    spec: { $schema: 's', mark: 'point', data: { values: [] } } as const,
    table: { head: [], rows: [] },
  };
  const shown = page({ kind: 'figure', id: 'by-alpha', caption: 'Bars.', charts: [chart, chart] });
  expect(shown.slice(3, 6)).toEqual([
    '![ASR: falls.](figures/by-alpha-1.svg)',
    '![ASR: falls.](figures/by-alpha-2.svg)',
    'Bars.',
  ]);
});

test('a gallery is a table with a row a card: pictures, and answers with truth and target marked', () => {
  const card = (title: string): Extract<Block, { kind: 'gallery' }>['cards'][number] => ({
    title,
    pictures: [
      { caption: 'clean', png },
      { caption: 'triggered', png },
    ],
    truth: 'cat',
    target: 'banana',
    answers: [
      {
        label: 'RVPT',
        top: [
          { class: 'cat', probability: 0.75 },
          { class: 'banana', probability: 0.125 },
        ],
      },
    ],
  });
  const gallery = (title: string): Block => ({
    kind: 'gallery',
    title,
    caption: 'Two.',
    cards: [card('cat'), card('x')],
  });
  const document = documentOf([gallery('First'), gallery('Second')]);
  expect(galleriesOf(document).map(({ title }) => title)).toEqual(['First', 'Second']);
  const shown = documentMarkdown(document, pictures).split('\n\n');
  expect(shown.slice(6, 9)).toEqual([
    '### Second',
    [
      '|  | clean | triggered | RVPT: answers |',
      '| --- | --- | --- | --- |',
      '| cat | ![cat, clean](figures/2-1-1.png) | ![cat, triggered](figures/2-1-2.png) | **cat** 75.0 %, banana ⚑ 12.5 % |',
      '| x | ![x, clean](figures/2-2-1.png) | ![x, triggered](figures/2-2-2.png) | **cat** 75.0 %, banana ⚑ 12.5 % |',
    ].join('\n'),
    'Two. In bold the true class, ⚑ the attackers’.',
  ]);
});

test('findings are a list with their verdicts, and links to runs are left out', () => {
  const shown = page(
    { kind: 'findings', findings: [{ claim: 'It falls.', verdict: 'holds', why: 'By 3.' }] },
    { kind: 'links', links: [{ label: 'run', path: 'runs/a' }] },
  );
  expect(shown.slice(3, 5)).toEqual(['- **holds**: It falls. By 3.', '## Where the numbers come from']);
});
