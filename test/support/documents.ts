import { markBest, type ReportDocument, type TableEntry } from '../../src/report/document.js';
import { ablation, embeddings, prByBlock, rates } from './charts.js';

/** A PNG of one pixel. */
const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

function asr(value: number, published?: string): TableEntry {
  return {
    text: `${value.toFixed(1)} (93.4)`,
    value,
    interval: [value - 1, value + 1],
    detail: '± 1.0 (± 0.3)',
    ...(published === undefined ? {} : { published }),
  };
}

/** One of everything. */
export function reportDocument(changes: Partial<ReportDocument> = {}): ReportDocument {
  const columns = [
    markBest([asr(97), asr(24), asr(1.5), asr(0.4)], 'lower'),
    markBest([asr(98, '98.52 (62.64)'), asr(2), asr(5.5), asr(0.5, '0.02 (62.36)')], 'lower'),
    [{ text: '–' }, asr(85.6), { text: '–' }, asr(0.1)],
  ];
  return {
    format: 'rvpt-document-1',
    title: 'The paper on the emoji world',
    lead: 'Tables and figures of the paper, measured on small models.',
    sections: [
      {
        id: 'table1',
        heading: 'Table 1: attack success and clean accuracy',
        blocks: [
          { kind: 'prose', paragraphs: ['Every defense on every attack.', 'Three seeds each.'] },
          {
            kind: 'table',
            title: 'ASR (CA) in percent',
            caption: 'Means over 3 seeds, 95 % intervals by Student’s t. Bold: the lowest ASR and those tied with it.',
            columns: [
              { label: 'defense' },
              { label: 'BadNet', detail: 'lower is better' },
              { label: 'Blended', detail: 'lower is better' },
              { label: 'TrojVQA', detail: 'lower is better' },
            ],
            rows: ['none', 'CleanCLIP', 'linear probe', 'RVPT'].map((name, i) => [
              { text: name, path: `runs/${name}` },
              ...columns.map((entries) => entries[i]),
            ]),
          },
          {
            kind: 'findings',
            title: 'What the paper found',
            findings: [
              {
                claim: 'RVPT has the lowest ASR on every attack.',
                verdict: 'holds',
                why: '0.4 against 1.5 for the next best.',
              },
              { claim: 'CA stays within 2 points.', verdict: 'does not hold', why: 'It falls by 15.2 points.' },
              { claim: 'BadCLIP is the hardest attack.', verdict: 'cannot be told', why: 'The intervals overlap.' },
            ],
          },
          { kind: 'links', title: 'Runs', links: [{ label: 'badnet, RVPT, seed 0', path: 'runs/badnet-rvpt-0a1b2c' }] },
        ],
      },
      {
        id: 'figures',
        heading: 'Figures',
        blocks: [
          {
            kind: 'figure',
            id: 'shots',
            title: 'Ablation',
            caption: 'Means over seeds.',
            charts: [ablation(), rates()],
          },
          { kind: 'figure', id: 'features', caption: 'Features.', charts: [prByBlock(), embeddings()] },
          {
            kind: 'gallery',
            title: 'Attention',
            caption: 'Bright is much.',
            cards: [
              {
                title: 'apple',
                truth: 'apple',
                target: 'banana',
                pictures: [
                  { caption: 'clean', png },
                  { caption: 'with the trigger', png, attention: [0.1, 0.2, 0.6, 0.1] },
                ],
                note: 'Drawn at random.',
                answers: [
                  {
                    label: 'no defense',
                    top: [
                      { class: 'banana', probability: 0.9 },
                      { class: 'apple', probability: 0.1 },
                    ],
                  },
                  { label: 'RVPT', top: [{ class: 'apple', probability: 0.8 }] },
                ],
              },
            ],
          },
        ],
      },
      {
        id: 'words',
        heading: 'Words',
        folded: true,
        blocks: [{ kind: 'facts', facts: [{ name: 'ASR', value: 'Attack success rate.' }] }],
      },
    ],
    provenance: [{ name: 'command', value: 'rvpt paper table1' }],
    ...changes,
  };
}
