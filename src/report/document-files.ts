import type { ReportDocument } from './document.js';
import { drawForFile } from './draw-chart.js';
import { renderDocument } from './render-document.js';

/** A text file of a report. */
export interface DocumentFile {
  /** From the folder of the report, `/` between names. */
  readonly path: string;
  readonly text: string;
}

/**
 * The files of a document: `report.html`, and for each chart `figures/<figure>-<number>.svg` and its specification,
 * `.vl.json`.
 */
export async function documentFiles(document: ReportDocument): Promise<DocumentFile[]> {
  const files: DocumentFile[] = [{ path: 'report.html', text: await renderDocument(document) }];
  for (const block of document.sections.flatMap(({ blocks }) => blocks)) {
    if (block.kind !== 'figure') continue;
    for (const [i, chart] of block.charts.entries()) {
      const name = `figures/${block.id}-${i + 1}`;
      files.push({ path: `${name}.svg`, text: await drawForFile(chart) });
      files.push({ path: `${name}.vl.json`, text: `${JSON.stringify(chart.spec, null, 2)}\n` });
    }
  }
  return files;
}
