import type { CellOutcome, Grid } from '../experiment/grid.js';
import type { Block, DocumentSection, Finding, ReportDocument } from '../report/document.js';
import type { Versions } from '../run/schema.js';
import type { PaperItem } from './item.js';

/** What is told of how the numbers came about. */
export interface PaperRun {
  readonly grids: readonly Grid[];
  /** Whether models, images and pairs are the package's, as the item has them. */
  readonly isOfPackage: boolean;
  /** The processor, and how many of its cores there are. */
  readonly machine: string;
  readonly versions: Versions;
  /** What a person types to have the same. */
  readonly command: string;
  /** A run folder, as the document links to it. */
  readonly pathOf: (run: string) => string;
}

/** An item laid out: what it asks, what was found, the tables and figures, where the numbers come from. */
export interface PaperResult {
  readonly item: PaperItem;
  readonly findings: readonly Finding[];
  readonly document: ReportDocument;
  /** What the defense of each run took, in seconds. */
  readonly defending: ReadonlyMap<string, number>;
  /** Cells that did not come to their end, and why. */
  readonly failures: readonly string[];
}

/** Lays out an item. */
export function paperResult(item: PaperItem, outcomes: readonly CellOutcome[], run: PaperRun): PaperResult {
  const findings = item.findings(outcomes);
  const failures = outcomes.flatMap(({ cell, failures: all }) =>
    all.map((failure) => `${cell.attack}, ${cell.defense}, seed ${cell.seed}: ${failure}`),
  );
  const defending = new Map(outcomes.map(({ run: folder, cost }) => [folder, cost?.seconds ?? 0]));
  const document: ReportDocument = {
    format: 'rvpt-document-1',
    title: item.title,
    lead: item.question,
    sections: [
      { id: 'results', heading: 'Results', blocks: [...noteOf(item, run), ...item.layout(outcomes)] },
      {
        id: 'findings',
        heading: 'What the paper found, and whether it holds here',
        blocks: [{ kind: 'findings', findings: [...findings] }],
      },
      ...failed(failures),
      { id: 'runs', heading: 'Runs', folded: true, blocks: [links(outcomes, run)] },
    ],
    provenance: provenance(run, defending),
  };
  return { item, findings, document, defending, failures };
}

/** What many defenses took together, in seconds, each by itself. */
export function defendingSeconds(defending: ReadonlyMap<string, number>): number {
  return [...defending.values()].reduce((sum, each) => sum + each, 0);
}

function noteOf({ note, worldNote }: PaperItem, { isOfPackage }: PaperRun): Block[] {
  const paragraphs = [note, isOfPackage ? worldNote : undefined].filter((paragraph) => paragraph !== undefined);
  return paragraphs.length === 0 ? [] : [{ kind: 'prose', paragraphs }];
}

function failed(failures: readonly string[]): DocumentSection[] {
  if (failures.length === 0) return [];
  const blocks: Block[] = [{ kind: 'prose', paragraphs: failures }];
  return [{ id: 'failures', heading: 'What did not come to its end', blocks }];
}

function links(outcomes: readonly CellOutcome[], { pathOf }: PaperRun): Block {
  const byRun = new Map(outcomes.map((outcome) => [outcome.run, outcome.cell]));
  return {
    kind: 'links',
    links: [...byRun].map(([folder, { zoo, attack, defense, seed }]) => ({
      label: `${zoo}: ${attack}, ${defense}, seed ${seed}`,
      path: pathOf(folder),
    })),
  };
}

function provenance(
  { grids, machine, versions, command }: PaperRun,
  defending: ReadonlyMap<string, number>,
): ReportDocument['provenance'] {
  const one = (of: (grid: Grid) => string): string => [...new Set(grids.map(of))].join('; ');
  return [
    { name: 'command', value: command },
    { name: 'machine', value: machine },
    { name: 'versions', value: `rvpt ${versions.rvpt}, onnxruntime ${versions.onnxruntime}, Node ${versions.node}` },
    { name: 'models', value: one(({ zoos }) => zoos.map(({ location }) => location).join(', ')) },
    {
      name: 'images',
      value: one(({ data, split, shots }) => `${data}, ${shots} a class to learn from, ${split} images`),
    },
    { name: 'seeds', value: one(({ seeds }) => seeds.join(', ')) },
    {
      name: 'defended models',
      value: `${defending.size}, ${Math.round(defendingSeconds(defending))} s of defending in all`,
    },
  ];
}
