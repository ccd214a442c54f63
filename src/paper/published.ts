/** Attack success rate and clean accuracy in percent, as the paper prints them: ASR (CA). */
export type PublishedRates = readonly [asr: number, ca: number];

/** What the paper prints in a table, by row and column; what it leaves open is not there. */
export type PublishedTable<Entry = PublishedRates> = Readonly<Record<string, Readonly<Record<string, Entry>>>>;

/** The paper's entry, where it has one. */
export function publishedAt<Entry>(table: PublishedTable<Entry>, row: string, column: string): Entry | undefined {
  return Object.hasOwn(table, row) && Object.hasOwn(table[row], column) ? table[row][column] : undefined;
}
