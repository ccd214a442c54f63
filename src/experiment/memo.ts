/** Keeps what was made for a key, so that whoever asks again, even meanwhile, shares it. */
export class Memo<Value> {
  readonly #made = new Map<string, Promise<Value>>();

  get(key: string, make: () => Promise<Value>): Promise<Value> {
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.#made.set(key, made);
    return made;
  }

  /** Everything that was made; what failed is left out. */
  async values(): Promise<Value[]> {
    const settled = await Promise.allSettled(this.#made.values());
    return settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  }
}
