import { meanInterval } from '../evaluation/mean-interval.js';
import type { CellOutcome, Grid } from '../experiment/grid.js';
import { shown, type Unit } from './charts/chart.js';
import {
  markBest,
  type Better,
  type Block,
  type DocumentSection,
  type ReportDocument,
  type TableEntry,
} from './document.js';
import { counted } from './format.js';
import { grouped } from './grouped.js';

/** Figures that have a name, a unit and a direction; others go by their keys. */
const metrics: ReadonlyMap<string, { readonly label: string; readonly unit: Unit; readonly better: Better }> = new Map([
  ['clean.ca', { label: 'CA', unit: 'rate', better: 'higher' }],
  ['attacked.asr_strict', { label: 'ASR, strict', unit: 'rate', better: 'lower' }],
  ['attacked.asr_inclusive', { label: 'ASR, inclusive', unit: 'rate', better: 'lower' }],
  ['attacked.pa', { label: 'PA', unit: 'rate', better: 'higher' }],
]);

/**
 * What came of a grid: a table a measure, its numbers as means over seeds, what each defense cost, what failed, and links.
 * @param pathOf a run folder, as the document links to it
 */
export function documentOfGrid(
  grid: Grid,
  outcomes: readonly CellOutcome[],
  pathOf: (run: string) => string,
): ReportDocument {
  const labels = grid.measures.map(({ measure, label = measure }) => label);
  const unfinished = outcomes.filter(({ cost }) => cost === undefined).length;
  return {
    format: 'rvpt-document-1',
    title: grid.name,
    lead: grid.summary,
    sections: [
      ...labels.flatMap((label, i) => measureSection(label, `measure-${i + 1}`, outcomes)),
      ...failureSection(outcomes),
      { id: 'cost', heading: 'What the defenses cost', blocks: [costTable(outcomes)] },
      { id: 'runs', heading: 'Runs', folded: true, blocks: [runLinks(outcomes, pathOf)] },
    ],
    provenance: [
      { name: 'grid', value: grid.name },
      { name: 'cells', value: `${outcomes.length}, of which ${unfinished} without a defended model` },
      { name: 'seeds', value: grid.seeds.join(', ') },
      { name: 'images', value: `${grid.data}, measured on ${grid.split}` },
      { name: 'shots', value: String(grid.shots) },
    ],
  };
}

/** One measure of every defended model; nothing where it was taken of none, or holds no numbers. */
function measureSection(label: string, id: string, outcomes: readonly CellOutcome[]): DocumentSection[] {
  const results = outcomes.flatMap(({ cell, run, measured }) =>
    Object.hasOwn(measured, label) ? [{ cell, run, numbers: new Map(numbersOf(measured[label])) }] : [],
  );
  const keys = [...new Set(results.flatMap(({ numbers }) => [...numbers.keys()]))];
  if (keys.length === 0) return [];
  const models = grouped(results, ({ cell: { zoo, attack } }) => JSON.stringify([zoo, attack]));
  const rows = models.flatMap((model) => {
    // seeds that decide nothing share one run, which is one result
    const defenses = grouped(model, ({ cell }) => cell.defense).map((cells) =>
      grouped(cells, ({ run }) => run).map(([first]) => first),
    );
    const columns = keys.map((key) => {
      const entries = defenses.map((repeats) =>
        meanEntry(
          repeats.flatMap(({ numbers }) => numbers.get(key) ?? []),
          key,
        ),
      );
      const better = metrics.get(key)?.better;
      return better === undefined ? entries : markBest(entries, better);
    });
    return defenses.map((repeats, i): TableEntry[] => {
      const [{ cell }] = repeats;
      return [
        { text: cell.attack, detail: cell.zoo },
        { text: cell.defense },
        ...columns.map((entries) => entries[i]),
        { text: String(repeats.length), value: repeats.length },
      ];
    });
  });
  const table: Block = {
    kind: 'table',
    caption:
      'Means over seeds, with their 95 % intervals by Student’s t where there are several runs; a defense that no seed decides is run once. Bold is the best of a model, and every other whose interval meets that of the best.',
    columns: [{ label: 'attack' }, { label: 'defense' }, ...keys.map(columnOf), { label: 'runs' }],
    rows,
  };
  return [{ id, heading: label, blocks: [table] }];
}

function columnOf(key: string): { label: string; detail?: string } {
  const metric = metrics.get(key);
  return metric === undefined ? { label: key } : { label: metric.label, detail: `${metric.better} is better` };
}

/** Numbers in a result by their keys, joined by dots. Lists, which hold single images, counts and places in lists are left out. */
function numbersOf(value: unknown, prefix = ''): [key: string, value: number][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([name, inner]: [string, unknown]): [string, number][] => {
    const key = `${prefix}${name}`;
    if (typeof inner === 'number') return /(^|_)(n|index)$/.test(name) ? [] : [[key, inner]];
    return numbersOf(inner, `${key}.`);
  });
}

function meanEntry(values: readonly number[], key: string): TableEntry {
  if (values.length === 0) return { text: '–' };
  const unit = metrics.get(key)?.unit ?? 'number';
  const { mean, half } = meanInterval(values);
  if (half === undefined) return { text: shown(mean, unit), value: mean };
  const interval: [number, number] = [mean - half, mean + half];
  return {
    text: shown(mean, unit),
    value: mean,
    interval,
    detail: `± ${unit === 'rate' ? `${(100 * half).toFixed(1)} points` : shown(half, unit)}`,
  };
}

function costTable(outcomes: readonly CellOutcome[]): Block {
  const rows = grouped(outcomes, ({ cell }) => cell.defense).flatMap((cells) => {
    const costs = grouped(cells, ({ run }) => run).flatMap(([{ cost }]) => cost ?? []);
    if (costs.length === 0) return [];
    const mean = (of: (cost: (typeof costs)[number]) => number): number => meanInterval(costs.map(of)).mean;
    const seconds = mean((cost) => cost.seconds);
    const megabytes = Math.max(...costs.map(({ peakBytes }) => peakBytes)) / 1e6;
    const entry = (value: number, text = value.toLocaleString('en', { maximumFractionDigits: 0 })): TableEntry => ({
      ...{ text, value },
    });
    return [
      [
        { text: cells[0].cell.defense },
        entry(seconds, seconds.toFixed(1)),
        entry(megabytes),
        entry(mean((cost) => cost.steps)),
        entry(mean((cost) => cost.trainableParameters)),
        entry(mean((cost) => cost.samples)),
      ],
    ];
  });
  return {
    kind: 'table',
    caption: 'Means over the cells of a defense; of memory, which is the whole process’s, the most.',
    columns: [
      { label: 'defense' },
      { label: 'time', detail: 's' },
      { label: 'memory', detail: 'MB' },
      { label: 'steps' },
      { label: 'parameters', detail: 'trained' },
      { label: 'samples', detail: 'learnt from' },
    ],
    rows,
  };
}

function failureSection(outcomes: readonly CellOutcome[]): DocumentSection[] {
  const failures = outcomes.flatMap(({ cell: { zoo, attack, defense, seed }, failures: lines }) =>
    lines.map((line) => ({ name: `${zoo}, ${attack}, ${defense}, seed ${seed}`, value: line })),
  );
  if (failures.length === 0) return [];
  return [
    {
      id: 'failures',
      heading: `Failed: ${counted(failures.length, 'cell')}`,
      blocks: [{ kind: 'facts', facts: failures }],
    },
  ];
}

function runLinks(outcomes: readonly CellOutcome[], pathOf: (run: string) => string): Block {
  const links = outcomes.map(({ cell: { zoo, attack, defense, seed }, run }) => ({
    label: `${zoo}, ${attack}, ${defense}, seed ${seed}`,
    path: pathOf(run),
  }));
  return { kind: 'links', links };
}
