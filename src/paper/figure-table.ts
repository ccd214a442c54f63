import { markBest, type Better, type DocumentTable, type TableEntry } from '../report/document.js';

/** What a table says of every row. */
export interface FigureColumn<Row> {
  readonly label: string;
  readonly detail?: string;
  /** Where the best is marked. */
  readonly better?: Better;
  readonly entryOf: (row: Row) => TableEntry;
}

interface FigureTableParts<Row> {
  readonly title?: string;
  readonly caption: string;
  /** The first columns: what a row is of. */
  readonly names: readonly { readonly label: string; readonly nameOf: (row: Row) => string }[];
  readonly columns: readonly FigureColumn<Row>[];
  /** Rows among which one is best: those of one attack. */
  readonly groups: readonly (readonly Row[])[];
}

/** A table with a row for everything that was measured, and the best of each group marked. */
export function figureTable<Row>({ names, columns, groups, ...parts }: FigureTableParts<Row>): DocumentTable {
  return {
    kind: 'table',
    ...parts,
    columns: [...names, ...columns].map(({ label, ...rest }) => {
      const detail = 'detail' in rest ? rest.detail : undefined;
      return detail === undefined ? { label } : { label, detail };
    }),
    rows: groups.flatMap((rows) => {
      const marked = columns.map(({ better, entryOf }) => {
        const entries = rows.map(entryOf);
        return better === undefined ? entries : markBest(entries, better);
      });
      return rows.map((row, i) => [
        ...names.map(({ nameOf }): TableEntry => ({ text: nameOf(row) })),
        ...marked.map((entries) => entries[i]),
      ]);
    }),
  };
}
