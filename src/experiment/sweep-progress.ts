import type { Progress, ProgressTask } from '../core/progress.js';
import type { Cell } from './grid.js';

/** The cells of a run, as progress counts them. */
interface Counted {
  readonly cells: readonly Cell[];
}

/** Tells how far a whole sweep is: cells done, and what goes on inside those that are being worked on. */
export class SweepProgress implements Disposable {
  readonly #task: ProgressTask;
  /** What each run that is being worked on is at. */
  readonly #running = new Map<Counted, string>();
  #done: number;

  /** @param all runs; @param open those that are not finished */
  constructor(progress: Progress, all: readonly Counted[], open: readonly Counted[]) {
    const total = countCells(all);
    this.#done = total - countCells(open);
    this.#task = progress.begin('sweep', total, 'cells', this.#done);
  }

  /** A run begins. @returns where it tells its own progress */
  begin(run: Counted): Progress {
    this.#say(run, nameOf(run));
    return {
      begin: (task, total, unit) => ({
        update: (done) => {
          this.#say(run, `${nameOf(run)}: ${task} ${done} of ${total} ${unit}`);
        },
        end: () => undefined,
      }),
    };
  }

  /** A run is over. */
  end(run: Counted): void {
    this.#running.delete(run);
    this.#done += run.cells.length;
    this.#show();
  }

  [Symbol.dispose](): void {
    this.#task.end();
  }

  #say(run: Counted, text: string): void {
    this.#running.set(run, text);
    this.#show();
  }

  #show(): void {
    this.#task.update(this.#done, [...this.#running.values()].join('; '));
  }
}

/** `badnet, rvpt, seed 0` */
export function nameOf({ cells }: Counted): string {
  const [{ zoo, attack, defense }] = cells;
  const seeds = [...new Set(cells.map(({ seed }) => seed))];
  return `${zoo === 'zoo' ? '' : `${zoo}, `}${attack}, ${defense}, seed${seeds.length > 1 ? 's' : ''} ${seeds.join(' ')}`;
}

export function countCells(runs: readonly Counted[]): number {
  return runs.reduce((sum, { cells }) => sum + cells.length, 0);
}
