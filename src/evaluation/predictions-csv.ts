/** One image's answers, by class name. */
export interface PredictionRow {
  /** Path of the image inside the data set. */
  readonly image: string;
  readonly label: string;
  readonly predicted: string;
  /** Answer on the triggered image, where there was a trigger. */
  readonly triggered?: string;
}

/** CSV (RFC 4180, lines end in \n) with a header; the column `triggered` is there when any row has it. */
export function predictionsCsv(rows: readonly PredictionRow[]): string {
  const columns: (keyof PredictionRow)[] = ['image', 'label', 'predicted'];
  if (rows.some((row) => row.triggered !== undefined)) columns.push('triggered');
  const lines = rows.map((row) => columns.map((column) => row[column] ?? ''));
  return [columns, ...lines].map((fields) => `${fields.map(csvField).join(',')}\n`).join('');
}

function csvField(text: string): string {
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
