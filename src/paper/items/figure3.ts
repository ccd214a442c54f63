import { estimateOf } from '../../evaluation/statistics/estimate.js';
import type { CellOutcome } from '../../experiment/grid.js';
import { curveChart } from '../../report/charts/curve.js';
import type { Block, Chart, Finding } from '../../report/document.js';
import { chooseCells, namesIn } from '../cells.js';
import { titleOf } from '../../report/title-of.js';
import { chartEstimate } from '../estimates.js';
import type { PaperItem } from '../item.js';
import { ratesOf } from '../rates.js';
import { findingOf, isAbove, isAtLeast, isAtMost, isBelow, isBelowOrTied, type Named, type Part } from '../verdicts.js';

/** What is varied of RVPT, alone. */
const settings = {
  shots: { title: 'images a class', words: 'Shots' },
  alpha: { title: 'α', words: 'Weight of the feature-repelling loss' },
  tokens: { title: 'b, prompt tokens a block', words: 'Prompt tokens' },
  depth: { title: 'D, blocks before the first with prompts', words: 'Depth, from the output' },
  blocks: { title: 'blocks with prompts, the first ones', words: 'Depth, from the input' },
  margin: { title: 'margin', words: 'Margin of the feature-repelling loss; at 1 nothing is repelled' },
} as const;
type Setting = keyof typeof settings;
const settingNames = ['shots', 'alpha', 'tokens', 'depth', 'blocks', 'margin'] as const;

const rates = { asr: 'ASR', ca: 'CA' } as const;
type RateName = keyof typeof rates;

export const figure3: PaperItem = {
  name: 'figure3',
  title: 'Figure 3: ablations',
  question: 'What does each setting of RVPT do to the attack and to clean accuracy?',
  note:
    'Each setting leaves its default alone; values and ranges are others than the paper’s. From the output, prompts enter the last ' +
    'blocks; from the input, the first ones, and the loss still repels all blocks. A low ASR is no defense where clean accuracy ' +
    'is lost too: read both.',
  worldNote: 'The defaults are those for small models.',
  grids: ['figure3'],
  layout,
  findings,
};

const intervalsOver = 'with several seeds by Student’s t over them, with one by the bootstrap over images';

/** The values that a setting takes, rising. */
function valuesOf(outcomes: readonly CellOutcome[], setting: Setting): number[] {
  const values = outcomes.flatMap(({ cell: { varied } }) => {
    const value = Object.keys(varied).length === 1 ? varied[setting] : undefined;
    return typeof value === 'number' ? [value] : [];
  });
  return [...new Set(values)].sort((a, b) => a - b);
}

/** A rate of the runs with one value of a setting. */
function rateAt(
  outcomes: readonly CellOutcome[],
  rate: RateName,
  attack: string,
  setting: Setting,
  value: number | undefined,
): Named {
  const cells = outcomes.filter(
    ({ cell: { varied } }) => value !== undefined && Object.keys(varied).length === 1 && varied[setting] === value,
  );
  return {
    name: `${titleOf(attack)}, ${setting} ${value ?? 'with no other value'}: ${rates[rate]}`,
    repetitions: ratesOf(cells, { attack, method: 'rvpt' })[rate],
  };
}

function layout(outcomes: readonly CellOutcome[]): Block[] {
  return settingNames.flatMap((setting): Block[] => {
    const charts = (['asr', 'ca'] as const).flatMap((rate) => rateChart(outcomes, rate, setting));
    if (charts.length === 0) return [];
    const caption = `Bars are 95 % intervals: ${intervalsOver}. ${undefended(outcomes)}`;
    return [{ kind: 'figure', id: `ablation-${setting}`, title: settings[setting].words, caption, charts }];
  });
}

function rateChart(outcomes: readonly CellOutcome[], rate: RateName, setting: Setting): Chart[] {
  const curves = namesIn(outcomes, 'attack').flatMap((attack) => {
    const points = valuesOf(outcomes, setting).flatMap((x) => {
      const estimate = estimateOf(rateAt(outcomes, rate, attack, setting, x).repetitions);
      return estimate === undefined ? [] : [{ x, ...chartEstimate(estimate, 'percent') }];
    });
    return points.length === 0 ? [] : [{ label: titleOf(attack), points }];
  });
  if (curves.length === 0) return [];
  const y = { title: rates[rate], unit: 'rate' } as const;
  return [curveChart({ title: `${rates[rate]} by ${setting}`, x: { title: settings[setting].title }, y, curves })];
}

function undefended(outcomes: readonly CellOutcome[]): string {
  const parts = namesIn(outcomes, 'attack').flatMap((attack) => {
    const { asr, ca } = ratesOf(chooseCells(outcomes, { method: 'none' }), { attack });
    const [success, accuracy] = [estimateOf(asr), estimateOf(ca)];
    if (success === undefined || accuracy === undefined) return [];
    const text = [success, accuracy].map(({ value }) => (100 * value).toFixed(1));
    return [`${titleOf(attack)} ${text[0]} (${text[1]})`];
  });
  return parts.length === 0 ? '' : `Without a defense, ASR (CA) in %: ${parts.join(', ')}.`;
}

function findings(outcomes: readonly CellOutcome[]): Finding[] {
  const attacks = namesIn(outcomes, 'attack');
  /** The ends of what was tried; of a single value there is no other end to compare with. */
  const ends = (setting: Setting): { least: number | undefined; most: number | undefined } => {
    const values = valuesOf(outcomes, setting);
    return { least: values.at(0), most: values.slice(1).at(-1) };
  };
  /** Compares the rate at the largest value of a setting with that at the smallest, attack by attack. */
  const trend = (compare: typeof isBelow, rate: RateName, setting: Setting): Part[] => {
    const { least, most } = ends(setting);
    return attacks.map((attack) =>
      compare(rateAt(outcomes, rate, attack, setting, most), rateAt(outcomes, rate, attack, setting, least), 'percent'),
    );
  };
  const { least: fewestTokens } = ends('tokens');
  const { least: fewestShots, most: mostShots } = ends('shots');
  const { least: allBlocks, most: lastBlocks } = ends('depth');
  const { least: firstBlocks } = ends('blocks');
  return [
    findingOf(`${fewestShots === 1 ? 'One shot' : 'The fewest shots'} already ends BadNet: ASR below 5 %.`, [
      isAtMost(rateAt(outcomes, 'asr', 'badnet', 'shots', fewestShots), 0.05, 'percent'),
    ]),
    findingOf('BadCLIP takes more shots: the most that were tried bring its ASR below 5 %, the fewest do not.', [
      isAtMost(rateAt(outcomes, 'asr', 'badclip', 'shots', mostShots), 0.05, 'percent'),
      isAtLeast(rateAt(outcomes, 'asr', 'badclip', 'shots', fewestShots), 0.05, 'percent'),
    ]),
    findingOf('More repelling (α up) lowers the ASR.', trend(isBelow, 'asr', 'alpha')),
    findingOf('More repelling (α up) lowers CA.', trend(isBelow, 'ca', 'alpha')),
    findingOf(
      `${fewestTokens === 5 ? 'Five tokens' : 'The fewest tokens'} a block already bring the ASR below 5 %.`,
      attacks.map((attack) => isAtMost(rateAt(outcomes, 'asr', attack, 'tokens', fewestTokens), 0.05, 'percent')),
    ),
    findingOf(
      'Prompts in many blocks defend at least as well as prompts in the last few: their ASR is not higher.',
      attacks.map((attack) =>
        isBelowOrTied(
          rateAt(outcomes, 'asr', attack, 'depth', allBlocks),
          rateAt(outcomes, 'asr', attack, 'depth', lastBlocks),
          'percent',
        ),
      ),
    ),
    findingOf(
      'Prompts in the last blocks defend better than prompts in the first: their ASR is lower.',
      attacks.map((attack) =>
        isBelow(
          rateAt(outcomes, 'asr', attack, 'depth', lastBlocks),
          rateAt(outcomes, 'asr', attack, 'blocks', firstBlocks),
          'percent',
        ),
      ),
    ),
    findingOf('A higher margin, which repels less, raises the ASR.', trend(isAbove, 'asr', 'margin')),
    findingOf('A higher margin raises CA.', trend(isAbove, 'ca', 'margin')),
  ];
}
