import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

import { InputError } from '../src/core/errors.js';
import { readGrid } from '../src/experiment/read-grid.js';
import { readOutcomes } from '../src/experiment/run-grid.js';
import { documentOfGrid } from '../src/report/document-of-grid.js';
import { counted } from '../src/report/format.js';
import { renderDocument } from '../src/report/render-document.js';
import { renderReport } from '../src/report/render-report.js';
import { reportOfRuns } from '../src/report/report-of-runs.js';
import type { ReportData } from '../src/report/report-data.js';
import { writeAtomic } from '../src/run/atomic-file.js';
import { readRun } from '../src/run/read-run.js';
import { runFiles } from '../src/run/schema.js';
import { defineCommand, type CommandResult, type Context } from './command.js';

const schema = z.object({
  runs: z
    .array(z.string())
    .min(1)
    .describe(
      'run folders of `rvpt defend`; one of plain VPT is the control of its like; with --grid one folder of sweeps',
    ),
  grid: z
    .string()
    .optional()
    .describe(
      'YAML file of `rvpt sweep`: report what is there of its cells; figures and tables of the paper: `rvpt paper`',
    ),
  out: z
    .string()
    .optional()
    .describe(`HTML file to write; ${runFiles.report} in the run's folder, or the sweep's, where there is one`),
  title: z.string().optional().describe('heading of the page'),
});

export const report = defineCommand({
  name: 'report',
  summary: 'write what runs did as one HTML page that loads nothing',
  options: schema,
  positionals: ['runs'],
  examples: [
    { description: 'one run', command: 'report runs/pets' },
    { description: 'many runs: models, methods, seeds', command: 'report runs/badnet-* --out runs/badnet.html' },
    { description: 'a sweep', command: 'report runs/sweep --grid grid.yaml' },
    { description: 'a run beside its control', command: 'report runs/pets runs/pets-vpt --out pets.html' },
  ],
  async run(context, { runs, grid, out, title }) {
    if (grid !== undefined) return await reportGrid(context, { grid, runs, out, title });
    for (const folder of runs) refuseSweep(folder);
    const file = out ?? (runs.length === 1 ? path.join(runs[0], runFiles.report) : runFiles.report);
    const data = await writeReport(runs, file, title);
    for (const { run, comparison } of data.models) {
      if (comparison === undefined) context.note(`${run} was not measured yet: \`rvpt evaluate --save\` does it`);
    }
    return {
      data: { report: file, models: data.models.map(({ name, run }) => ({ name, run })) },
      text: () => file,
    };
  },
});

/** A sweep's folder holds many runs, and only its grid says which of them make a table. */
function refuseSweep(folder: string): void {
  if (existsSync(path.join(folder, runFiles.config)) || !existsSync(path.join(folder, 'runs'))) return;
  throw new InputError({
    code: 'usage',
    operation: `report ${folder}`,
    expected: 'run folders, or --grid',
    received: 'the folder of a sweep without its grid',
    fix: `Give the grid: \`rvpt report ${folder} --grid GRID.yaml\`; or some of the runs in ${path.join(folder, 'runs')}.`,
  });
}

/** Reports what is there of the cells of a grid; runs nothing. */
async function reportGrid(
  { progress, signal, note }: Context,
  options: {
    readonly grid: string;
    readonly runs: readonly string[];
    readonly out: string | undefined;
    readonly title: string | undefined;
  },
): Promise<CommandResult> {
  const [folder, ...rest] = options.runs;
  if (rest.length > 0) {
    throw new InputError({
      code: 'usage',
      operation: 'report a grid',
      expected: 'one folder, that of its sweep',
      received: counted(options.runs.length, 'folder'),
      fix: 'Give the folder that `rvpt sweep --out` was given.',
    });
  }
  const grid = await readGrid(options.grid);
  const outcomes = await readOutcomes(grid, { out: folder, progress, signal, note });
  const file = options.out ?? path.join(folder, runFiles.report);
  const base = path.dirname(file);
  const document = documentOfGrid(grid, outcomes, (run) => path.relative(base, run).split(path.sep).join('/'));
  await writeAtomic(file, await renderDocument({ ...document, title: options.title ?? document.title }));
  const finished = outcomes.filter(({ cost }) => cost !== undefined).length;
  if (finished < outcomes.length)
    note(`${finished} of ${outcomes.length} cells are finished: \`rvpt sweep\` runs the rest`);
  return { data: { report: file, cells: outcomes.length, finished }, text: () => file };
}

/**
 * Writes the report of some runs. @param file to write
 * @throws InputError when a run is damaged, or the file cannot be written
 */
export async function writeReport(runs: readonly string[], file: string, title?: string): Promise<ReportData> {
  const data = reportOfRuns(await Promise.all(runs.map(readRun)), title);
  await writeAtomic(file, await renderReport(data));
  return data;
}
