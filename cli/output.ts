import Table from 'cli-table3';
import pc from 'picocolors';

/** What a terminal or a file is written through. */
export interface Stream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

type Colors = ReturnType<typeof pc.createColors>;

/** How results are drawn for people. */
export interface Format {
  readonly colors: Colors;
  /** A table of text; numbers are aligned to the right. */
  readonly table: (head: readonly string[], rows: readonly (readonly (string | number)[])[]) => string;
}

/** Colours on a terminal only, and not where NO_COLOR asks for none. */
export function formatFor(stream: Stream): Format {
  const colors = pc.createColors(stream.isTTY === true && pc.isColorSupported);
  return {
    colors,
    table: (head, rows) => {
      const numeric = head.map((_, column) => rows.every((row) => typeof row[column] === 'number'));
      const table = new Table({
        head: head.map((name) => colors.bold(name)),
        colAligns: numeric.map((isNumber) => (isNumber ? 'right' : 'left')),
        style: { head: [], border: [] },
      });
      table.push(...rows.map((row) => [...row]));
      return table.toString();
    },
  };
}
