import type { Comparison, Figures } from '../evaluation/comparison.js';
import type { ReportModel } from './report-data.js';
import { titleOf } from './title-of.js';

/** Also the names of the page's first colours, in the order of a figure's. */
export type StageKey = 'before' | 'after' | 'control';

/** A model as it was measured: undefended, defended, or defended in the way that should not help. */
export interface Stage {
  readonly key: StageKey;
  readonly label: string;
  readonly figures: Figures;
  /** PR by block under each perturbation, in the order of the comparison. */
  readonly resistivity: readonly (readonly number[])[];
}

/** The stages of a model in the order in which they are shown; none where it was not measured. */
export function stagesOf({ method, comparison, control }: ReportModel): Stage[] {
  if (comparison === undefined) return [];
  const stages = [
    stage('before', 'before', comparison, 'before'),
    stage('after', `after ${titleOf(method)}`, comparison, 'after'),
  ];
  if (control === undefined) return stages;
  return [...stages, stage('control', `after ${titleOf(control.method)} (control)`, control.comparison, 'after')];
}

function stage(key: StageKey, label: string, of: Comparison, when: 'before' | 'after'): Stage {
  const resistivity = of.resistivity.perturbations.map((perturbation) => perturbation[when]);
  return { key, label, figures: of[when], resistivity };
}
