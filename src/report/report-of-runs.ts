import { canonicalJson } from '../core/json.js';
import type { Comparison } from '../evaluation/comparison.js';
import type { RunRecord } from '../run/read-run.js';
import type { HistoryEntry } from '../run/schema.js';
import { CONTROL, settingsBesidesRepelling } from './control.js';
import { baseName } from './format.js';
import type { ReportData, ReportModel } from './report-data.js';

/** Points of a loss curve beyond which nobody sees more. */
const MOST_POINTS = 400;

/** What a report on these runs shows. Runs of plain VPT become the control of the runs they match. */
export function reportOfRuns(runs: readonly RunRecord[], title = 'Backdoor report'): ReportData {
  const controls = runs.filter((run) => runs.some((other) => isControlOf(run, other)));
  const shown = runs.filter((run) => !controls.includes(run));
  const names = shown.map(nameOf);
  const models = shown.map((run, i): ReportModel => {
    const control = controls.find((candidate) => isControlOf(candidate, run));
    const namesakes = shown.filter((_, j) => names[j] === names[i]).map(({ folder }) => folder);
    return {
      ...modelOf(run, namesakes.length === 1 ? names[i] : `${names[i]} (${shortestTail(run.folder, namesakes)})`),
      ...controlFrom(control),
    };
  });
  return { format: 'rvpt-report-1', title, models };
}

/** Tuned alike on the same images but without repelling, and measured on the same images under the same attack. */
function isControlOf(candidate: RunRecord, run: RunRecord): boolean {
  const [own, other] = [candidate.evaluation, run.evaluation];
  if (candidate.config.method !== CONTROL || run.config.method === CONTROL) return false;
  if (own === undefined || other === undefined || conditions(own) !== conditions(other)) return false;
  return tunedOn(candidate) === tunedOn(run);
}

/** Everything that decides a run, but for what repels. */
function tunedOn({ config: { model, data, seed, settings } }: RunRecord): string {
  const rest = settingsBesidesRepelling(settings);
  return canonicalJson({ model: model.sha256, data: data.sha256, seed, settings: rest });
}

/** What has to be the same for figures to be held against each other. */
function conditions({ data, attack, resistivity }: Comparison): string {
  const measures = resistivity.perturbations.map(({ name, before }) => [name, before.length]);
  return canonicalJson([data.sha256, attack ?? null, measures]);
}

function controlFrom(control: RunRecord | undefined): Pick<ReportModel, 'control'> {
  if (control?.evaluation === undefined) return {};
  return { control: { method: control.config.method, run: control.folder, comparison: control.evaluation } };
}

function nameOf({ folder, evaluation }: RunRecord): string {
  return evaluation?.attack?.trigger.name ?? baseName(folder);
}

/** As many of the path's last names as tell it from the others. */
function shortestTail(path: string, all: readonly string[]): string {
  const tail = (of: string, length: number): string => of.split(/[\\/]/).filter(Boolean).slice(-length).join('/');
  const length = Array.from({ length: path.length }, (_, i) => i + 1).find(
    (candidate) => all.filter((other) => tail(other, candidate) === tail(path, candidate)).length === 1,
  );
  return length === undefined ? path : tail(path, length);
}

function modelOf({ folder, config, samples, history, evaluation }: RunRecord, name: string): ReportModel {
  const { created, seed, model, data, execution, versions, method, settings } = config;
  const classes = samples?.classes ?? [];
  return {
    name,
    method,
    run: folder,
    ...(evaluation === undefined ? {} : { comparison: evaluation }),
    history: thinned(history),
    settings,
    provenance: {
      created,
      seed,
      model,
      data,
      execution,
      versions,
      samples: classes.map((className, label) => ({
        class: className,
        images: (samples?.samples ?? []).filter((sample) => sample.label === label).map(({ image }) => image),
      })),
    },
  };
}

/** Means of so many neighbouring steps that few enough points are left. */
function thinned(history: readonly HistoryEntry[]): ReportModel['history'] {
  const stepsPerPoint = Math.max(1, Math.ceil(history.length / MOST_POINTS));
  const points: ReportModel['history']['points'] = [];
  for (let from = 0; from < history.length; from += stepsPerPoint) {
    const steps = history.slice(from, from + stepsPerPoint);
    const mean = (of: (entry: HistoryEntry) => number): number =>
      steps.reduce((sum, entry) => sum + of(entry), 0) / steps.length;
    /** Of a part that not every loss has. */
    const part = (key: 'ce' | 'fr'): Partial<Record<typeof key, number>> =>
      steps.some((entry) => entry[key] === undefined) ? {} : { [key]: mean((entry) => entry[key] ?? 0) };
    points.push({
      step: steps[steps.length - 1].step,
      loss: mean(({ loss }) => loss),
      ...part('ce'),
      ...part('fr'),
      learningRate: mean((entry) => entry.learning_rate),
    });
  }
  return { stepsPerPoint, points };
}
