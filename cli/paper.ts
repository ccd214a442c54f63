import { mkdir } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import path from 'node:path';
import { z } from 'zod';

import { InputError } from '../src/core/errors.js';
import { nearestNames } from '../src/core/nearest.js';
import { modelsWanted } from '../src/experiment/attacked-models.js';
import type { CellOutcome, Grid } from '../src/experiment/grid.js';
import { inspectGrid, runGrid } from '../src/experiment/run-grid.js';
import type { PaperItem } from '../src/paper/item.js';
import { paperItems } from '../src/paper/items.js';
import { defendingSeconds, paperResult, type PaperResult } from '../src/paper/paper-document.js';
import { paperGrids, type GridChanges } from '../src/paper/paper-grid.js';
import { writeAtomic } from '../src/run/atomic-file.js';
import { currentVersions } from '../src/run/provenance.js';
import { defineCommand, type CommandResult, type Context } from './command.js';
import { openRuntime } from './model-options.js';
import type { Format } from './output.js';
import { writePages } from './paper-pages.js';
import { paperText } from './paper-text.js';
import { formatDuration } from './progress.js';
import { shellWord } from './shell-word.js';
import { writeDocument } from './write-document.js';

const schema = z.object({
  items: z
    .array(z.string())
    .default([])
    .describe('tables and figures by name, or all that fit the options; none lists them'),
  out: z
    .string()
    .default('runs/paper')
    .describe('folder of the runs, which all tables share, and of what is made of them: a folder an item'),
  zoo: z
    .string()
    .optional()
    .describe(
      'attacked models, in place of the package’s own: a folder with a model folder an attack, as `rvpt poison` writes ' +
        'them',
    ),
  attacks: z
    .array(z.string())
    .default([])
    .describe('those of the attacks that are looked at, by the names of their models; all of the item if not set'),
  data: z
    .string()
    .optional()
    .describe('labelled images to learn from and to measure on, in place of the emoji world’s'),
  otherData: z
    .array(z.string())
    .default([])
    .describe('with --data: those of the measures that have their own, another data set or domain, in their order'),
  pairs: z
    .string()
    .optional()
    .describe(
      'image-caption pairs, in place of the emoji world’s; with --data and without pairs, its images with their class prompts',
    ),
  shots: z.int().min(1).max(10_000).optional().describe('images a class to learn from, in place of what the item says'),
  seeds: z.int().min(1).max(100).optional().describe('how many seeds, in place of what the item says'),
  split: z.enum(['validation', 'test']).optional().describe('images to measure on; test if not set'),
  jobs: z
    .int()
    .min(1)
    .max(256)
    .optional()
    .describe(
      'models defended side by side; if not set one a core, with --zoo one at a time, as each takes its memory',
    ),
  results: z.string().optional().describe('also write pages for a repository into this folder: Markdown and figures'),
});

export const paper = defineCommand({
  name: 'paper',
  summary: 'make a table or a figure of the paper again, and say which of its findings hold here',
  positionals: ['items'],
  options: schema,
  resumable: true,
  examples: [
    { description: 'which there are', command: 'paper' },
    { description: 'the main table, on the models of the package', command: 'paper table1' },
    {
      description: 'the same on your own models and images',
      command: 'paper table1 --zoo backdoored --data imagenet --pairs cc3m/train.csv',
    },
    { description: 'everything, with pages for a repository', command: 'paper all --results docs/results' },
  ],
  async run(context, options): Promise<CommandResult> {
    if (options.items.length === 0) return listing();
    const items = chosenItems(options.items);
    // what is wrong with any of them is said before the first is begun
    const planned = await plan(context, options, items);
    const started = performance.now();
    const made: MadeItem[] = [];
    for (const { item, grids } of planned) made.push(await make(context, options, item, grids));
    const results = made.map(({ result }) => result);
    const pages =
      options.results === undefined
        ? []
        : await writePages(options.results, results, {
            command: command(options),
            isOfPackage: isOfPackage(options),
          });
    const seconds = (performance.now() - started) / 1000;
    return {
      data: {
        items: made.map(describe),
        seconds,
        pages,
      },
      text: (format) =>
        [
          ...results.map((result) => paperText(result, format)),
          `${formatDuration(seconds)}; reports: ${made.map(({ report }) => report).join(', ')}`,
        ].join('\n\n'),
      failed: results.flatMap(({ item, failures }) => failures.map((failure) => `${item.name}: ${failure}`)),
    };
  },
});

interface PlannedItem {
  readonly item: PaperItem;
  readonly grids: readonly Grid[];
}

/**
 * The grids of every item, after all that can be wrong with them on other models and images was looked at. Of `all` items
 * those that do not fit are left out, and the others are told.
 */
async function plan(
  { note, progress, signal }: Context,
  options: z.output<typeof schema>,
  items: readonly PaperItem[],
): Promise<PlannedItem[]> {
  await refuseUnknownAttacks(options.attacks);
  const changes = changesOf(options);
  const planned: PlannedItem[] = [];
  const refused: InputError[] = [];
  for (const item of items) {
    try {
      const grids = await paperGrids(item, changes);
      // the package's own are known to fit
      if (!isOfPackage(options)) {
        for (const grid of grids) await inspectGrid(grid, { out: options.out, progress, signal });
      }
      planned.push({ item, grids });
    } catch (thrown) {
      if (!options.items.includes('all') || !(thrown instanceof InputError)) throw thrown;
      refused.push(thrown);
    }
  }
  if (planned.length === 0) throw refused[0];
  for (const { message } of refused) note(`left out: ${message}`);
  return planned;
}

/** An attack that the chosen items do not have may be one of others; one that none has is a slip. */
async function refuseUnknownAttacks(attacks: readonly string[]): Promise<void> {
  if (attacks.length === 0) return;
  const grids = await Promise.all(paperItems.map((item) => paperGrids(item)));
  const known = [...new Set(grids.flat().flatMap((grid) => modelsWanted(grid.attacks)))];
  refuseUnknown('choose attacks', attacks, known);
}

interface MadeItem {
  readonly result: PaperResult;
  readonly report: string;
}

async function make(
  context: Context,
  options: z.output<typeof schema>,
  item: PaperItem,
  grids: readonly Grid[],
): Promise<MadeItem> {
  const { progress, signal, note, device, threads } = context;
  const { out, jobs = options.zoo === undefined ? availableParallelism() : 1 } = options;
  note(`${item.name}: ${item.title}`);
  const outcomes: CellOutcome[] = [];
  for (const grid of grids) {
    const found = await runGrid(grid, {
      ...{ out, jobs, progress, signal, note },
      ...(threads === undefined ? {} : { threads }),
      openRuntime: (each) => openRuntime({ device, threads: each }),
    });
    outcomes.push(...found);
  }
  const folder = path.join(out, 'items', item.name);
  const result = paperResult(item, outcomes, {
    grids,
    isOfPackage: isOfPackage(options),
    machine: `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${availableParallelism()} cores`,
    versions: currentVersions(),
    command: command({ ...options, items: [item.name] }),
    pathOf: (run) => path.relative(folder, run).split(path.sep).join('/'),
  });
  await mkdir(folder, { recursive: true });
  const report = await writeDocument(result.document, folder);
  const { sections, provenance } = result.document;
  const json = { name: item.name, findings: result.findings, sections, provenance, failures: result.failures };
  await writeAtomic(path.join(folder, 'result.json'), `${JSON.stringify(json, undefined, 1)}\n`);
  return { result, report };
}

/** Their names in the order of the table. @throws InputError (`usage`) that lists all that are none */
function chosenItems(names: readonly string[]): readonly PaperItem[] {
  refuseUnknown('rvpt paper', names, ['all', ...paperItems.map(({ name }) => name)]);
  return paperItems.filter(({ name }) => names.includes('all') || names.includes(name));
}

function refuseUnknown(operation: string, names: readonly string[], known: readonly string[]): void {
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const near = nearestNames(unknown[0], known);
  throw new InputError({
    code: 'usage',
    operation,
    expected: `names among ${known.join(', ')}`,
    received: unknown.join(', '),
    ...(near.length === 0 ? {} : { fix: `Did you mean ${near[0]}?` }),
  });
}

function changesOf(options: z.output<typeof schema>): GridChanges {
  const { zoo, attacks, data, otherData, pairs, shots, seeds, split } = options;
  return {
    otherData,
    ...(zoo === undefined ? {} : { zoo }),
    ...(attacks.length === 0 ? {} : { attacks }),
    ...(data === undefined ? {} : { data }),
    ...(pairs === undefined ? {} : { pairs }),
    ...(shots === undefined ? {} : { shots }),
    ...(seeds === undefined ? {} : { seeds }),
    ...(split === undefined ? {} : { split }),
  };
}

/** Whether models, images and pairs are the package's, as many of them as an item says. */
function isOfPackage({ zoo, data, otherData, pairs, shots }: z.output<typeof schema>): boolean {
  return [zoo, data, pairs, shots].every((value) => value === undefined) && otherData.length === 0;
}

/** What makes the same again. */
function command({
  items,
  zoo,
  attacks,
  data,
  otherData,
  pairs,
  shots,
  seeds,
  split,
}: z.output<typeof schema>): string {
  const flags = Object.entries({ zoo, data, pairs, shots, seeds, split }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name} ${shellWord(String(value))}`],
  );
  return [
    ...['rvpt paper', ...items, ...flags],
    ...attacks.map((attack) => `--attacks ${shellWord(attack)}`),
    ...otherData.map((location) => `--other-data ${shellWord(location)}`),
  ].join(' ');
}

function listing(): CommandResult {
  return {
    data: { items: paperItems.map(({ name, title, question }) => ({ name, title, question })) },
    text: ({ table }: Format) =>
      table(
        ['name', 'title', 'question'],
        paperItems.map(({ name, title, question }) => [name, title, question]),
      ),
  };
}

function describe({ result: { item, findings, defending, failures, document }, report }: MadeItem): object {
  return {
    name: item.name,
    title: item.title,
    findings,
    sections: document.sections,
    defending_seconds: defendingSeconds(defending),
    failures,
    report,
  };
}
