/** Milliseconds between two looks: far less than any defense takes. */
const INTERVAL = 50;

/** Watches the largest resident size of this process, in bytes, from now until it is disposed of. */
export class PeakMemory implements Disposable {
  #peak = process.memoryUsage.rss();
  readonly #timer = setInterval(() => {
    this.#look();
  }, INTERVAL);

  get bytes(): number {
    this.#look();
    return this.#peak;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    this.#peak = Math.max(this.#peak, process.memoryUsage.rss());
  }
}
