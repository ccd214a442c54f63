import { parse } from 'csv-parse/sync';

import { InputError, messageOf } from '../core/errors.js';
import { firstFew, Problems } from './problems.js';

/**
 * The fields of a CSV text with a header row: of each row those of the `required` columns, then those of the
 * `optional` ones, empty where there are none. Quoted fields may hold commas, quotes and line breaks; other columns are
 * passed over.
 * @param about in messages: what is being done, and what would be right
 * @throws InputError (`malformed`) that lists what is wrong: columns or rows that are not there, empty fields, fields
 *   beyond the header
 */
export function csvColumns(
  text: string,
  about: { readonly operation: string; readonly expected: string },
  required: readonly string[],
  optional: readonly string[] = [],
): string[][] {
  const [header = [], ...rows] = parseCsv(text, about.operation);
  const places = [...required, ...optional].map((column) => header.indexOf(column));
  const problems = new Problems();
  if (places.slice(0, required.length).includes(-1)) {
    problems.add(`the columns ${firstFew(header)}`);
  } else {
    if (rows.length === 0) problems.add('no rows below the header');
    const numbered = rows.map((row, i) => ({ row, number: i + 2 }));
    const numbersOf = (wrong: (row: string[]) => boolean): number[] =>
      numbered.filter(({ row }) => wrong(row)).map(({ number }) => number);
    problems.addList(
      numbersOf((row) => places.slice(0, required.length).some((place) => (row[place] ?? '') === '')),
      (few) => `no ${required.join(' or no ')} in row ${few}`,
    );
    problems.addList(
      numbersOf((row) => row.slice(header.length).some((field) => field !== '')),
      (few) => `more fields than columns in row ${few} (a field with commas needs quotes)`,
    );
  }
  problems.throwIfAny({ ...about, code: 'malformed' });
  return rows.map((row) => places.map((place) => (place === -1 ? '' : (row[place] ?? ''))));
}

function parseCsv(text: string, operation: string): string[][] {
  try {
    return parse(text, { trim: true, skip_empty_lines: true, relax_column_count: true });
  } catch (cause) {
    throw new InputError({
      code: 'malformed',
      operation,
      expected: 'comma-separated values',
      received: messageOf(cause),
      cause,
    });
  }
}
