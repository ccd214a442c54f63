/** Rows of float32 numbers by record number: where cached features are kept. */
export interface FeatureStore extends AsyncDisposable {
  write(record: number, row: Float32Array): Promise<void>;
  /** Fills `into` with the record's row. */
  read(record: number, into: Float32Array): Promise<void>;
}

/** Keeps rows in memory. */
export class MemoryFeatureStore implements FeatureStore {
  readonly #rows = new Map<number, Float32Array>();

  write(record: number, row: Float32Array): Promise<void> {
    this.#rows.set(record, row.slice());
    return Promise.resolve();
  }

  read(record: number, into: Float32Array): Promise<void> {
    const row = this.#rows.get(record);
    if (row === undefined) return Promise.reject(new Error(`feature store: record ${record} was never written`));
    into.set(row);
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#rows.clear();
    return Promise.resolve();
  }
}
