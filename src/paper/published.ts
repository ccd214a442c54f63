import type { DocumentTable } from '../report/document.js';

/** Attack success rate and clean accuracy in percent, as the paper prints them: ASR (CA). */
export type PublishedRates = readonly [asr: number, ca: number];

/** What the paper prints in a table, by row and column; what it leaves open is not there. */
export type PublishedTable<Entry = PublishedRates> = Readonly<Record<string, Readonly<Record<string, Entry>>>>;

/** The paper's entry, where it has one. */
export function publishedAt<Entry>(table: PublishedTable<Entry>, row: string, column: string): Entry | undefined {
  return Object.hasOwn(table, row) && Object.hasOwn(table[row], column) ? table[row][column] : undefined;
}

/** `0.05 (62.76)`, as the paper prints it. */
export function publishedText([asr, ca]: PublishedRates): string {
  return `${asr.toFixed(2)} (${ca.toFixed(2)})`;
}

/** The paper's figures alone, where none of ours stands beside them. @param nameOf what a row is called */
export function publishedTableOf(
  title: string,
  table: PublishedTable,
  nameOf: (row: string) => string,
  columnOf: (column: string) => string,
): DocumentTable {
  const columns = [...new Set(Object.values(table).flatMap((row) => Object.keys(row)))];
  return {
    kind: 'table',
    title,
    caption: 'ASR (CA) in %.',
    columns: [{ label: '' }, ...columns.map((column) => ({ label: columnOf(column) }))],
    rows: Object.keys(table).map((row) => [
      { text: nameOf(row) },
      ...columns.map((column) => {
        const rates = publishedAt(table, row, column);
        return rates === undefined ? { text: '–' } : { text: publishedText(rates), value: rates[0] };
      }),
    ]),
  };
}
