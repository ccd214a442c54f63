import type { CellOutcome } from '../../experiment/grid.js';
import type { Block, Finding } from '../../report/document.js';
import { chooseCells, namesIn } from '../cells.js';
import { titleOf } from '../../report/title-of.js';
import { boldCaption, intervalCaption, ratesEntry } from '../estimates.js';
import { figureTable } from '../figure-table.js';
import type { PaperItem } from '../item.js';
import { publishedAt } from '../published.js';
import { publishedDefenses } from '../published/table1.js';
import { namedRate, ratesOf } from '../rates.js';
import { significanceTable } from '../significance.js';
import { findingOf, isAbove, isAtLeast, isAtMost, isBelow, isBelowOrTied } from '../verdicts.js';

/** No rivals of RVPT, but what tells why: prompts without repelling, and CleanCLIP on as little data as RVPT has. */
const CONTROL = 'vpt';
const FEW_PAIRS = 'CleanCLIP on few pairs';
const controls = [CONTROL, FEW_PAIRS];

export const table1: PaperItem = {
  name: 'table1',
  title: 'Table 1: six attacks against three defenses',
  question: 'How often does each attack still succeed after each defense, and what is left of clean accuracy?',
  note:
    'VPT is no defense of the paper’s table: it is the control, the same prompts, images and steps without repelling. A linear ' +
    'probe reads no class prompts, so of TrojVQA’s two keys only the one in the image acts on it; the paper leaves that entry out, ' +
    'and no finding here takes it into account.',
  worldNote:
    'CleanCLIP on few pairs is another control: it has 640, as many as RVPT has images, and as many steps as on all pairs.',
  grids: ['table1', 'table1-control', 'table1-pairs'],
  layout,
  findings,
};

/** Defenses that RVPT is compared with on an attack; a text key never reaches a linear probe. */
function othersOn(outcomes: readonly CellOutcome[], attack: string): string[] {
  return namesIn(chooseCells(outcomes, { attack }), 'defense').filter(
    (defense) =>
      defense !== 'rvpt' && !controls.includes(defense) && !(attack === 'trojvqa' && defense === 'linear-probe'),
  );
}

function layout(outcomes: readonly CellOutcome[]): Block[] {
  const attacks = namesIn(outcomes, 'attack');
  const rates = (attack: string, defense: string) => ratesOf(outcomes, { attack, defense });
  return [
    figureTable({
      caption: `ASR (CA) in %; ASR is strict: of triggered images of other classes than the target. ${intervalCaption} ${boldCaption}`,
      names: [{ label: 'defense', nameOf: titleOf }],
      columns: attacks.map((attack) => ({
        label: titleOf(attack),
        better: 'lower' as const,
        entryOf: (defense: string) =>
          ratesEntry(rates(attack, defense), publishedAt(publishedDefenses, defense, attack)),
      })),
      groups: [namesIn(outcomes, 'defense')],
    }),
    significanceTable(
      'RVPT',
      attacks.flatMap((attack) =>
        namesIn(outcomes, 'defense')
          .filter((defense) => defense !== 'rvpt' && rates(attack, defense).ca.length > 0)
          .flatMap((defense) =>
            (['asr', 'ca'] as const).map((rate) => ({
              name: `${titleOf(attack)}, ${rate.toUpperCase()}`,
              other: titleOf(defense),
              first: rates(attack, 'rvpt')[rate],
              second: rates(attack, defense)[rate],
            })),
          ),
      ),
    ),
  ];
}

function findings(outcomes: readonly CellOutcome[]): Finding[] {
  const attacks = namesIn(outcomes, 'attack');
  const of = namedRate(outcomes);
  const belowControl = (control: string) =>
    attacks
      .filter((attack) => of('asr', attack, control).repetitions.length > 0)
      .map((attack) => isBelow(of('asr', attack, 'rvpt'), of('asr', attack, control), 'percent'));
  return [
    findingOf(
      'Without a defense every attack succeeds on half of the triggered images or more.',
      attacks.map((attack) => isAtLeast(of('asr', attack, 'none'), 0.5, 'percent')),
    ),
    findingOf(
      'RVPT lowers the ASR of every attack.',
      attacks.map((attack) => isBelow(of('asr', attack, 'rvpt'), of('asr', attack, 'none'), 'percent')),
    ),
    findingOf(
      'RVPT’s ASR is the lowest or tied with the lowest on every attack.',
      attacks.flatMap((attack) =>
        othersOn(outcomes, attack).map((defense) =>
          isBelowOrTied(of('asr', attack, 'rvpt'), of('asr', attack, defense), 'percent'),
        ),
      ),
    ),
    findingOf(
      'RVPT leaves an ASR of 5 % at most on every attack.',
      attacks.map((attack) => isAtMost(of('asr', attack, 'rvpt'), 0.05, 'percent')),
    ),
    findingOf(
      'RVPT’s clean accuracy is within 2 points of that without a defense, or above it.',
      attacks.map((attack) => isAbove(of('ca', attack, 'rvpt'), of('ca', attack, 'none'), 'percent', -0.02)),
    ),
    findingOf(
      'RVPT keeps more clean accuracy than CleanCLIP and the linear probe.',
      attacks.flatMap((attack) =>
        ['cleanclip', 'linear-probe'].map((defense) =>
          isAbove(of('ca', attack, 'rvpt'), of('ca', attack, defense), 'percent'),
        ),
      ),
    ),
    findingOf(
      'BadCLIP outlives CleanCLIP and the linear probe: its ASR after them is above BadNet’s.',
      ['cleanclip', 'linear-probe'].map((defense) =>
        isAbove(of('asr', 'badclip', defense), of('asr', 'badnet', defense), 'percent'),
      ),
    ),
    findingOf(
      'It is the repelling that does it: with VPT, which has none, the ASR is above RVPT’s.',
      belowControl(CONTROL),
    ),
    findingOf('It is the data that CleanCLIP needs: on 640 pairs its ASR is above RVPT’s.', belowControl(FEW_PAIRS)),
  ];
}
