import type { CellOutcome } from '../../experiment/grid.js';
import type { Block, Finding } from '../../report/document.js';
import { namesIn } from '../cells.js';
import { titleOf } from '../../report/title-of.js';
import { intervalCaption, ratesEntry } from '../estimates.js';
import { figureTable } from '../figure-table.js';
import type { PaperItem } from '../item.js';
import { publishedAt } from '../published.js';
import { publishedTuning } from '../published/table8.js';
import { ratesOf } from '../rates.js';
import { findingOf, isAbove, isBelow, type Named } from '../verdicts.js';

/** What is tuned on what: the method without L_FR, and the same with it. */
interface Variant {
  readonly title: string;
  readonly without: string;
  readonly with: string;
}

const variants: readonly Variant[] = [
  {
    title: 'all weights of the vision tower, on labelled images by cross-entropy',
    without: 'finetune-ce',
    with: 'finetune-ce-fr',
  },
  { title: 'all weights, on pairs by InfoNCE', without: 'finetune-infonce', with: 'finetune-infonce-fr' },
  { title: 'visual prompts, on labelled images by cross-entropy', without: 'vpt', with: 'rvpt' },
];

export const table8: PaperItem = {
  name: 'table8',
  title: 'Table 8: the feature-repelling loss in other ways of tuning',
  question: 'Does L_FR undo a backdoor whatever is tuned, and what does that cost in clean accuracy?',
  note:
    'The paper fine-tunes all weights on all of ImageNet or CC3M and names no settings; here on as few images a class as the ' +
    'prompts see, and on the pairs that CleanCLIP has.',
  grids: ['table8'],
  layout,
  findings,
};

function layout(outcomes: readonly CellOutcome[]): Block[] {
  const entry = (attack: string, key: 'without' | 'with') => (variant: Variant) =>
    ratesEntry(
      ratesOf(outcomes, { attack, method: variant[key] }),
      attack === 'badclip' ? publishedAt(publishedTuning, variant.without, key) : undefined,
    );
  return namesIn(outcomes, 'attack').map((attack) => {
    const undefended = ratesEntry(ratesOf(outcomes, { attack, method: 'none' }));
    return figureTable({
      title: titleOf(attack),
      caption: `ASR (CA) in %. ${intervalCaption} Without any defense: ${undefended.text}.`,
      names: [{ label: 'tuned', nameOf: ({ title }: Variant) => title }],
      columns: [
        { label: 'without L_FR', entryOf: entry(attack, 'without') },
        { label: 'with L_FR', entryOf: entry(attack, 'with') },
      ],
      groups: variants.map((variant) => [variant]),
    });
  });
}

function findings(outcomes: readonly CellOutcome[]): Finding[] {
  const attacks = namesIn(outcomes, 'attack');
  const of = (figure: 'asr' | 'ca', attack: string, method: string): Named => ({
    name: `${titleOf(attack)}, ${titleOf(method)}: ${figure.toUpperCase()}`,
    repetitions: ratesOf(outcomes, { attack, method })[figure],
  });
  return [
    findingOf(
      'L_FR lowers the ASR in every way of tuning.',
      attacks.flatMap((attack) =>
        variants.map((variant) =>
          isBelow(of('asr', attack, variant.with), of('asr', attack, variant.without), 'percent'),
        ),
      ),
    ),
    findingOf(
      'With L_FR, tuning prompts keeps more clean accuracy than tuning all weights.',
      attacks.flatMap((attack) =>
        ['finetune-ce-fr', 'finetune-infonce-fr'].map((method) =>
          isAbove(of('ca', attack, 'rvpt'), of('ca', attack, method), 'percent'),
        ),
      ),
    ),
    findingOf(
      'InfoNCE on pairs leaves the backdoor in; cross-entropy on labels weakens it: its ASR is the lower of the two.',
      attacks.map((attack) =>
        isBelow(of('asr', attack, 'finetune-ce'), of('asr', attack, 'finetune-infonce'), 'percent'),
      ),
    ),
  ];
}
