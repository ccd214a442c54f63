import { z } from 'zod';

import { meanInterval } from '../src/evaluation/mean-interval.js';
import type { CellOutcome } from '../src/experiment/grid.js';
import { classificationSchema, type ClassificationResult } from '../src/experiment/measurements/classification.js';
import { readGrid } from '../src/experiment/read-grid.js';
import { inspectGrid, runGrid, type CellStatus } from '../src/experiment/run-grid.js';
import { defineCommand, type CommandResult } from './command.js';
import { openRuntime } from './model-options.js';
import type { Format } from './output.js';
import { formatDuration } from './progress.js';

export const sweep = defineCommand({
  name: 'sweep',
  summary: 'run an experiment: every defense on every attack with every seed, and measure each',
  positionals: ['grid'],
  options: z.object({
    grid: z.string().describe('YAML file that says what to run; docs/experiments.md tells how'),
    out: z
      .string()
      .default('runs/sweep')
      .describe('folder of the runs; what is finished there is not run again, whatever grid asked for it'),
    jobs: z.int().min(1).max(256).default(1).describe('cells side by side, each with its share of the threads'),
    split: z
      .enum(['validation', 'test'])
      .optional()
      .describe('images to measure on, in place of what the grid says: settings are chosen on validation images'),
    dryRun: z.boolean().default(false).describe('list the cells and what is finished; run nothing'),
  }),
  resumable: true,
  examples: [
    { description: 'an experiment, or what is left of it', command: 'sweep grid.yaml --out runs/sweep' },
    { description: 'what there is to do', command: 'sweep grid.yaml --out runs/sweep --dry-run' },
  ],
  async run(context, { grid: file, out, jobs, split, dryRun }): Promise<CommandResult> {
    const started = performance.now();
    const read = await readGrid(file);
    const grid = split === undefined ? read : { ...read, split };
    const { progress, signal, note, device, threads } = context;
    if (dryRun) return listing(await inspectGrid(grid, { out, progress, signal, note }));
    const outcomes = await runGrid(grid, {
      ...{ out, jobs, progress, signal, note },
      ...(threads === undefined ? {} : { threads }),
      openRuntime: (each) => openRuntime({ device, threads: each }),
    });
    const seconds = (performance.now() - started) / 1000;
    const failed = outcomes.filter(({ failures }) => failures.length > 0);
    const summary = `${outcomes.length} cells, ${failed.length} failed; ${formatDuration(seconds)}; runs in ${out}`;
    return {
      data: { grid: grid.name, split: grid.split, out, seconds, cells: outcomes.map(describe) },
      text: (format) => `${tableOf(outcomes, format)}\n\n${legend}\n\n${summary}`,
      failed: failed.map((outcome) => `${nameOf(outcome.cell)}: ${outcome.failures.join('; ')}`),
    };
  },
});

function listing(cells: readonly CellStatus[]): CommandResult {
  const finished = cells.filter(({ state }) => state === 'finished').length;
  return {
    data: { finished, cells: cells.map(({ cell, run, state }) => ({ ...named(cell), run, state })) },
    text: ({ table }) =>
      [
        table(
          ['zoo', 'attack', 'defense', 'seed', 'state', 'run'],
          cells.map(({ cell, run, state }) => [
            cell.zoo,
            cell.attack,
            cell.defense,
            cell.seed,
            state,
            run ?? 'model to be made',
          ]),
        ),
        `${finished} of ${cells.length} cells are finished`,
      ].join('\n'),
  };
}

function named({ zoo, attack, defense, method, varied, withoutTarget, seed }: CellOutcome['cell']): object {
  return { zoo, attack, defense, method, varied, without_target: withoutTarget, seed };
}

function nameOf({ zoo, attack, defense, seed }: CellOutcome['cell']): string {
  return `${zoo}, ${attack}, ${defense}, seed ${seed}`;
}

function describe({ cell, run, cost, measured, failures }: CellOutcome): object {
  return {
    ...named(cell),
    run,
    cost:
      cost === undefined
        ? null
        : {
            seconds: cost.seconds,
            peak_bytes: cost.peakBytes,
            steps: cost.steps,
            trainable_parameters: cost.trainableParameters,
            samples: cost.samples,
          },
    measured,
    failures,
  };
}

const legend = [
  'CA: share of clean images that are named rightly; ASR: share of triggered images of other classes that are named as',
  'the target; PA: share of triggered images that are named rightly. Means over runs, ± half their 95 % interval.',
].join('\n');

/** A line for each model, defense and classification: means over runs; one that several seeds share counts once. */
function tableOf(outcomes: readonly CellOutcome[], { table }: Format): string {
  const groups = new Map<
    string,
    {
      readonly head: readonly string[];
      readonly runs: Set<string>;
      readonly results: ClassificationResult[];
      readonly seconds: number[];
    }
  >();
  for (const { cell, run, measured, cost } of outcomes) {
    for (const [label, result] of Object.entries(measured)) {
      const parsed = classificationSchema.safeParse(result);
      if (!parsed.success) continue;
      const head = [cell.zoo, cell.attack, cell.defense, label];
      const key = JSON.stringify(head);
      const group = groups.get(key) ?? { head, runs: new Set(), results: [], seconds: [] };
      groups.set(key, group);
      if (group.runs.has(run)) continue;
      group.runs.add(run);
      group.results.push(parsed.data);
      if (cost !== undefined) group.seconds.push(cost.seconds);
    }
  }
  const rows = [...groups.values()].map(({ head, results, seconds }) => {
    const attacked = results.flatMap((result) => result.attacked ?? []);
    return [
      ...head,
      results.length,
      percent(results.map(({ clean }) => clean.ca)),
      percent(attacked.map(({ asr_strict }) => asr_strict)),
      percent(attacked.map(({ pa }) => pa)),
      formatDuration(meanInterval(seconds).mean),
    ];
  });
  return table(['zoo', 'attack', 'defense', 'measured', 'runs', 'CA %', 'ASR %', 'PA %', 'time'], rows);
}

function percent(rates: readonly number[]): string {
  if (rates.length === 0) return '';
  const { mean, half } = meanInterval(rates);
  return `${(100 * mean).toFixed(1)}${half === undefined ? '' : ` ± ${(100 * half).toFixed(1)}`}`;
}
