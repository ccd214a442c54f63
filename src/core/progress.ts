/** Where long work tells how far it is. The command line draws bars; a page may draw its own. */
export interface Progress {
  /**
   * Begins a task of `total` units, of which `from` were done before (a resumed run).
   * @param unit in the plural: `images`, `steps`.
   */
  begin(task: string, total: number, unit: string, from?: number): ProgressTask;
}

/** One task of `Progress`, from its beginning to its end. */
export interface ProgressTask {
  /** Tells how far it is. @param done units finished so far, counted with those done before; @param note what else to show: `loss 1.23`. */
  update(done: number, note?: string): void;
  /** The task is over, finished or not. */
  end(): void;
}

/** Says nothing. */
export const silentProgress: Progress = {
  begin: () => ({ update: () => undefined, end: () => undefined }),
};
