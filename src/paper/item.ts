import type { CellOutcome } from '../experiment/grid.js';
import type { Block, Finding } from '../report/document.js';

/** A table or figure of the paper, made again on the models at hand: an experiment, and how it is laid out. */
export interface PaperItem {
  /** `table1`, `figure3`. */
  readonly name: string;
  readonly title: string;
  /** What it asks, in a sentence. */
  readonly question: string;
  /** How it differs here from the paper's, in a sentence or two: other data, other scale; undefined: in nothing else. */
  readonly note?: string;
  /** What is true of it on the models and images of the package alone, said there. */
  readonly worldNote?: string;
  /** Names of the grids that it is made of: `assets/paper/<name>.yaml`. Their outcomes come together. */
  readonly grids: readonly string[];
  /** Tables, figures and galleries; of cells that failed or were not asked for, nothing. */
  layout(outcomes: readonly CellOutcome[]): readonly Block[];
  /** What the paper found, and whether it is so here: decided by the outcomes alone. */
  findings(outcomes: readonly CellOutcome[]): readonly Finding[];
}
