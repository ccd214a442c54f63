import type { Comparison, Figures } from '../evaluation/comparison.js';
import { seriesLooks } from './charts/chart.js';
import { html, type Html } from './html.js';
import type { ReportModel } from './report-data.js';

/** In the order in which they are shown, which is that of the page's colours; also the names of these. */
export const stageKeys = ['before', 'after', 'control'] as const;
export type StageKey = (typeof stageKeys)[number];

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
    stage('after', `after ${methodName(method)}`, comparison, 'after'),
  ];
  if (control === undefined) return stages;
  return [...stages, stage('control', `after ${methodName(control.method)} (control)`, control.comparison, 'after')];
}

function stage(key: StageKey, label: string, of: Comparison, when: 'before' | 'after'): Stage {
  const resistivity = of.resistivity.perturbations.map((perturbation) => perturbation[when]);
  return { key, label, figures: of[when], resistivity };
}

/** Methods are acronyms. */
export function methodName(method: string): string {
  return method.toUpperCase();
}

const symbols: Readonly<Record<StageKey, Html>> = {
  before: html`<circle cx="12" cy="6" r="4" />`,
  after: html`<rect x="8" y="2" width="8" height="8" />`,
  control: html`<path d="M12 1.5 L16.5 10 L7.5 10 Z" />`,
};

/** What stands for what in the figures near it. */
export function legend(stages: readonly Pick<Stage, 'key' | 'label'>[]): Html {
  const entry = ({ key, label }: Pick<Stage, 'key' | 'label'>): Html =>
    html`<li class="${key}">${symbol(key)} ${label}</li>`;
  return html`<ul class="legend">
    ${stages.map(entry)}
  </ul>`;
}

function symbol(key: StageKey): Html {
  const dash = seriesLooks(stageKeys.indexOf(key)).dash.join(' ');
  return html`<svg viewBox="0 0 24 12" width="24" height="12" aria-hidden="true">
    <path class="line" d="M0 6 H24" stroke-dasharray="${dash}" />
    ${symbols[key]}
  </svg>`;
}
