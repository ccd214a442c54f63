import type { CellOutcome } from '../../experiment/grid.js';
import type { Block, Finding, TableEntry } from '../../report/document.js';
import { namesIn } from '../cells.js';
import { titleOf } from '../../report/title-of.js';
import { intervalCaption, ratesEntry } from '../estimates.js';
import { figureTable } from '../figure-table.js';
import type { PaperItem } from '../item.js';
import { publishedAt } from '../published.js';
import { publishedEncoders } from '../published/table11.js';
import { ratesOf } from '../rates.js';
import { findingOf, isAtMost, isBelow, type Named } from '../verdicts.js';

export const table11: PaperItem = {
  name: 'table11',
  title: 'Table 11: other vision transformers',
  question: 'Does RVPT defend vision transformers of other heads, patch sizes and widths as well?',
  note: 'The paper’s are OpenAI’s ViT-B/32, B/16 and L/14, whose figures have rows of their own.',
  worldNote:
    'Ours are small CLIPs that were pretrained on the emoji world and attacked alike; the first is the package’s own, and ' +
    'the others differ from it in the width and number of their heads, in the size of their patches, and in the width of ' +
    'tower and embedding.',
  grids: ['table11'],
  layout,
  findings,
};

/** A transformer that was measured, or one of the paper’s. */
type Encoder = { readonly zoo: string } | { readonly published: string };

function layout(outcomes: readonly CellOutcome[]): Block[] {
  const entry =
    (attack: string, method: string) =>
    (encoder: Encoder): TableEntry => {
      if ('zoo' in encoder) return ratesEntry(ratesOf(outcomes, { zoo: encoder.zoo, attack, method }));
      const published = method === 'rvpt' ? publishedAt(publishedEncoders, encoder.published, attack) : undefined;
      return published === undefined ? { text: '–' } : ratesEntry({ asr: [], ca: [] }, published);
    };
  return [
    figureTable({
      caption: `ASR (CA) in %. ${intervalCaption}`,
      names: [
        {
          label: 'vision transformer',
          nameOf: (encoder: Encoder) => ('zoo' in encoder ? encoder.zoo : `${encoder.published}, in the paper`),
        },
      ],
      columns: namesIn(outcomes, 'attack').flatMap((attack) =>
        ['none', 'rvpt'].map((method) => ({
          label: `${titleOf(attack)}, ${titleOf(method)}`,
          entryOf: entry(attack, method),
        })),
      ),
      groups: [
        namesIn(outcomes, 'zoo').map((zoo): Encoder => ({ zoo })),
        Object.keys(publishedEncoders).map((published): Encoder => ({ published })),
      ],
    }),
  ];
}

function findings(outcomes: readonly CellOutcome[]): Finding[] {
  const of = (zoo: string, attack: string, method: string): Named => ({
    name: `${zoo}, ${titleOf(attack)}, ${titleOf(method)}: ASR`,
    repetitions: ratesOf(outcomes, { zoo, attack, method }).asr,
  });
  const pairs = namesIn(outcomes, 'zoo').flatMap((zoo) =>
    namesIn(outcomes, 'attack').map((attack) => ({ zoo, attack })),
  );
  return [
    findingOf(
      'RVPT lowers the ASR on every vision transformer.',
      pairs.map(({ zoo, attack }) => isBelow(of(zoo, attack, 'rvpt'), of(zoo, attack, 'none'), 'percent')),
    ),
    findingOf(
      'RVPT brings the ASR to 5 % at most on every vision transformer.',
      pairs.map(({ zoo, attack }) => isAtMost(of(zoo, attack, 'rvpt'), 0.05, 'percent')),
    ),
  ];
}
