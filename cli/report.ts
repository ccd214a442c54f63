import path from 'node:path';
import { z } from 'zod';

import { renderReport } from '../src/report/render-report.js';
import { reportOfRuns } from '../src/report/report-of-runs.js';
import type { ReportData } from '../src/report/report-data.js';
import { writeAtomic } from '../src/run/atomic-file.js';
import { readRun } from '../src/run/read-run.js';
import { runFiles } from '../src/run/schema.js';
import { defineCommand } from './command.js';

const schema = z.object({
  runs: z
    .array(z.string())
    .min(1)
    .describe('run folders of `rvpt defend`; one of plain VPT is the control of its like'),
  out: z
    .string()
    .optional()
    .describe(`HTML file to write; ${runFiles.report} in the run's folder where there is one run`),
  title: z.string().optional().describe('heading of the page'),
});

export const report = defineCommand({
  name: 'report',
  summary: 'write what runs did as one HTML page that loads nothing',
  options: schema,
  positionals: ['runs'],
  examples: [
    { description: 'one run', command: 'report runs/pets' },
    { description: 'a run beside its control', command: 'report runs/pets runs/pets-vpt --out pets.html' },
  ],
  async run(context, { runs, out, title }) {
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

/**
 * Writes the report of some runs. @param file to write
 * @throws InputError when a run is damaged, or the file cannot be written
 */
export async function writeReport(runs: readonly string[], file: string, title?: string): Promise<ReportData> {
  const data = reportOfRuns(await Promise.all(runs.map(readRun)), title);
  await writeAtomic(file, await renderReport(data));
  return data;
}
