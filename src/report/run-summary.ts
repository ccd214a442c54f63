import { canonicalJson, type JsonObject } from '../core/json.js';
import type { Comparison, Figures } from '../evaluation/comparison.js';
import { meanInterval } from '../evaluation/mean-interval.js';
import { barsWithIntervals, type Bar } from './charts/bars.js';
import { CONTROL, settingsBesidesRepelling } from './control.js';
import { markBest, type Better, type Block, type DocumentTable, type TableEntry } from './document.js';
import { baseName, counted, percent } from './format.js';
import { grouped } from './grouped.js';
import type { ReportModel } from './report-data.js';
import { titleOf } from './title-of.js';

/** A measured run, as far as the summary goes. */
interface Measured {
  readonly run: string;
  readonly seed: number;
  readonly method: string;
  readonly settings: JsonObject;
  readonly model: string;
  readonly comparison: Comparison;
}

/** One attacked model under one defense. */
interface Row {
  readonly group: string;
  readonly defense: string;
  /** A model is measured once without a defense, and once a seed with one. */
  readonly figures: readonly Figures[];
  readonly defended: boolean;
}

interface SummaryMetric {
  readonly label: string;
  readonly title: string;
  readonly better: Better;
  readonly of: (
    figures: Figures,
  ) => { readonly value: number; readonly interval: readonly [number, number] } | undefined;
}

const metrics: readonly SummaryMetric[] = [
  {
    label: 'ASR',
    title: 'Attack success rate (ASR), strict',
    better: 'lower',
    of: ({ attacked }) => attacked && { value: attacked.asr_strict, interval: attacked.asr_strict_interval },
  },
  {
    label: 'PA',
    title: 'Accuracy under attack (PA)',
    better: 'higher',
    of: ({ attacked }) => attacked && { value: attacked.pa, interval: attacked.pa_interval },
  },
  {
    label: 'CA',
    title: 'Clean accuracy (CA)',
    better: 'higher',
    of: ({ clean }) => ({ value: clean.ca, interval: clean.ca_interval }),
  },
];

const UNDEFENDED = 'no defense';

/** All measured runs side by side, as a table and as figures: a row an attacked model and defense, mean over seeds. */
export function summaryOfRuns(models: readonly ReportModel[]): Block[] {
  const rows = rowsOf(measuredRuns(models));
  if (rows.length === 0) return [];
  const charts = metrics.flatMap(({ title, better, of }) => {
    const bars = rows.flatMap(({ group, defense, figures }): Bar[] => {
      const mean = meanOver(figures, of);
      return mean === undefined ? [] : [{ group, series: defense, ...mean }];
    });
    if (bars.length === 0) return [];
    const series = [...new Set(rows.map(({ defense }) => defense))];
    const value = { title: 'rate', unit: 'rate' } as const;
    const names = { group: 'model', series: 'defense' };
    return [barsWithIntervals({ title: `${title}: ${better} is better`, value, names, series, bars })];
  });
  return [
    summaryTable(rows),
    {
      kind: 'figure',
      id: 'rates',
      title: 'Rates with their 95 % intervals',
      caption: 'Signs are rates, lines intervals.',
      charts,
    },
  ];
}

/** Each measured run once: a control may be that of several models. */
function measuredRuns(models: readonly ReportModel[]): Measured[] {
  const all = models.flatMap(({ run, method, settings, comparison, control, provenance }): Measured[] => {
    const { seed, model } = provenance;
    const shared = { seed, settings, model: model.path };
    return [
      ...(comparison === undefined ? [] : [{ run, method, ...shared, comparison }]),
      ...(control === undefined ? [] : [{ ...shared, ...control }]),
    ];
  });
  return [...new Map(all.map((measured) => [measured.run, measured])).values()];
}

function rowsOf(measured: readonly Measured[]): Row[] {
  const groups = grouped(measured, ({ comparison: { model, data, attack } }) =>
    canonicalJson([model.sha256, data.sha256, attack ?? null]),
  );
  const names = distinctNames(groups.map(([first]) => groupNames(first)));
  return groups.flatMap((runs, i): Row[] => {
    const group = names[i];
    const methods = grouped(runs, ({ method, settings }) => canonicalJson([method, decisive(method, settings)]));
    return [
      { group, defense: UNDEFENDED, figures: [runs[0].comparison.before], defended: false },
      ...methods.map((repeats) => ({
        group,
        defense: defenseName(repeats[0], measured),
        // the same seed again is the same run again
        figures: grouped(repeats, ({ seed }) => String(seed)).map(([{ comparison }]) => comparison.after),
        defended: true,
      })),
    ];
  });
}

/** What decides the result, besides the method. */
function decisive(method: string, settings: JsonObject): JsonObject {
  return method === CONTROL ? settingsBesidesRepelling(settings) : settings;
}

/** What a model can be called, the shortest first; each tells more models apart. */
function groupNames({ model, comparison: { attack, data } }: Measured): string[] {
  const base = baseName(model);
  const short = attack?.trigger.name ?? base;
  return [short, `${short}, ${base}`, `${short}, ${base} on ${baseName(data.path)}`];
}

/** The shortest names that tell all apart; numbers where nothing does. */
function distinctNames(candidates: readonly (readonly string[])[]): string[] {
  return candidates.map((names, i) => {
    const isAlone = (level: number): boolean =>
      candidates.every((others, j) => j === i || others[level] !== names[level]);
    const level = names.findIndex((_, at) => isAlone(at));
    return level === -1 ? `${names[names.length - 1]} (${i + 1})` : names[level];
  });
}

/** The method, and what tells it from other runs of the same method. */
function defenseName({ method, settings }: Measured, all: readonly Measured[]): string {
  const alike = all.filter((other) => other.method === method).map((other) => decisive(method, other.settings));
  const own = decisive(method, settings);
  const names = [...new Set(alike.flatMap((each) => Object.keys(each)))];
  const varied = names.filter((name) => new Set(alike.map((each) => canonicalJson(each[name] ?? null))).size > 1);
  const told = varied.map((name) => {
    const value = own[name] ?? null;
    return `${name}=${typeof value === 'string' ? value : canonicalJson(value)}`;
  });
  return [titleOf(method), ...told].join(' ');
}

interface Mean {
  readonly value: number;
  readonly interval: readonly [number, number];
}

/** Over seeds, with the mean's interval by Student's t; of one seed its own, Wilson's over images. */
function meanOver(figures: readonly Figures[], of: SummaryMetric['of']): Mean | undefined {
  const rates = figures.flatMap((each) => of(each) ?? []);
  if (rates.length < figures.length) return undefined;
  const { mean, half } = meanInterval(rates.map(({ value }) => value));
  if (half === undefined) return rates[0];
  return { value: mean, interval: [Math.max(0, mean - half), Math.min(1, mean + half)] };
}

function summaryTable(rows: readonly Row[]): DocumentTable {
  const columns = metrics.map(({ of, better }) => {
    const entries = rows.map(({ figures }) => rateEntry(meanOver(figures, of)));
    const groups = [...new Set(rows.map(({ group }) => group))];
    return groups.flatMap((name) => {
      const inGroup = rows.flatMap((row, i) => (row.group === name ? [{ ...row, entry: entries[i] }] : []));
      const defended = inGroup.filter((row) => row.defended).map(({ entry }) => entry);
      const marked = defended.length > 1 ? markBest(defended, better) : defended;
      return [...inGroup.filter((row) => !row.defended).map(({ entry }) => entry), ...marked];
    });
  });
  return {
    kind: 'table',
    title: 'Rates by model and defense',
    caption:
      'Means over seeds with 95 % intervals: by Student’s t over seeds, and over images (Wilson) where there is one seed. Bold is the best defense of a model, and every other whose interval meets that of the best.',
    columns: [
      { label: 'model' },
      { label: 'defense' },
      ...metrics.map(({ label, better }) => ({ label, detail: `${better} is better` })),
      { label: 'seeds' },
    ],
    rows: rows.map(({ group, defense, figures, defended }, i) => [
      { text: group },
      { text: defense },
      ...columns.map((entries) => entries[i]),
      defended ? { text: String(figures.length), value: figures.length } : { text: '–' },
    ]),
  };
}

function rateEntry(mean: Mean | undefined): TableEntry {
  if (mean === undefined) return { text: '–' };
  const { value, interval } = mean;
  return { text: percent(value), value, interval, detail: interval.map(percent).join(' – ') };
}

/** What the summary leaves out, in words. */
export function leftOut(models: readonly ReportModel[]): string | undefined {
  const count = models.filter(({ comparison }) => comparison === undefined).length;
  return count === 0 ? undefined : `Not measured yet: ${counted(count, 'run')}.`;
}
