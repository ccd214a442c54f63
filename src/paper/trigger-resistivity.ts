import { namesIn } from './cells.js';
import { titleOf } from '../report/title-of.js';
import type { PaperItem } from './item.js';
import { deepPr, prChart, type PrSeries } from './resistivity.js';
import { findingOf, isAbove, type Named } from './verdicts.js';

const methods = { none: 'CLIP', vpt: 'VPT', rvpt: 'RVPT' } as const;

/** What the resistivity measurement calls an attack's own trigger. */
const TRIGGER = 'trigger';

/** A figure of PR by block under the triggers of a grid's attacks. */
export function triggerResistivity(parts: Pick<PaperItem, 'name' | 'title' | 'question'>): PaperItem {
  const series = (attack: string): PrSeries[] =>
    Object.entries(methods).map(([method, label]) => ({ label, choice: { attack, method } }));
  return {
    ...parts,
    grids: [parts.name],
    layout: (outcomes) => {
      const charts = namesIn(outcomes, 'attack').flatMap((attack) =>
        prChart(outcomes, titleOf(attack), TRIGGER, series(attack)),
      );
      if (charts.length === 0) return [];
      const caption = 'PR after each block under the trigger of the attack, a mean over images and seeds.';
      return [{ kind: 'figure', id: 'pr-trigger', caption, charts }];
    },
    findings: (outcomes) => {
      const deep = (attack: string, method: keyof typeof methods): Named => {
        const one = { label: `${titleOf(attack)}: ${methods[method]}`, choice: { attack, method } };
        return deepPr(outcomes, one, TRIGGER);
      };
      const above = (method: 'none' | 'vpt') =>
        namesIn(outcomes, 'attack').map((attack) => isAbove(deep(attack, 'rvpt'), deep(attack, method), 'number'));
      return [
        findingOf('Under triggers, RVPT’s PR is above CLIP’s in the deeper half of the blocks.', above('none')),
        findingOf('Under triggers, RVPT’s PR is above VPT’s in the deeper half of the blocks.', above('vpt')),
      ];
    },
  };
}
