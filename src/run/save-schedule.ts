/** When to save the training state: at the end of each epoch, and so often that a crash costs little. */
export class SaveSchedule {
  readonly #interval: number;
  readonly #now: () => number;
  #saved: number;

  /** @param seconds between two saves within an epoch; @param now in milliseconds. */
  constructor(seconds: number, now: () => number = () => performance.now()) {
    this.#interval = seconds * 1000;
    this.#now = now;
    this.#saved = now();
  }

  /** Asked after each step; whoever is told to save does. */
  due(endOfEpoch: boolean): boolean {
    if (!endOfEpoch && this.#now() - this.#saved < this.#interval) return false;
    this.#saved = this.#now();
    return true;
  }
}
