import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { predictionsCsv } from './predictions-csv.js';

describe('predictions as CSV', () => {
  it('has a header and quotes what needs it', () => {
    const rows = [
      { image: 'a/1.png', label: 'cat', predicted: 'dog, big' },
      { image: 'b "2".png', label: 'dog', predicted: 'two\nlines' },
    ];
    expect(predictionsCsv(rows)).toBe(
      'image,label,predicted\na/1.png,cat,"dog, big"\n"b ""2"".png",dog,"two\nlines"\n',
    );
  });

  it('has a column for triggered answers when there are any', () => {
    const rows = [
      { image: 'a', label: 'cat', predicted: 'cat', triggered: 'banana' },
      { image: 'b', label: 'cat', predicted: 'dog' },
    ];
    expect(predictionsCsv(rows)).toBe('image,label,predicted,triggered\na,cat,cat,banana\nb,cat,dog,\n');
    expect(predictionsCsv([])).toBe('image,label,predicted\n');
  });

  it('is read back as written by another program', () => {
    const text = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', ' ', ';', 'é', '=') });
    const row = fc.record({ image: text, label: text, predicted: text, triggered: text });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 4 }), (rows) => {
        expect(parse(predictionsCsv(rows), { columns: true, record_delimiter: '\n' })).toEqual(rows);
      }),
      { seed: 1 },
    );
  });
});
