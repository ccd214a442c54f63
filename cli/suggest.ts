/** `, did you mean …?` when one of `names` is close to `word`, otherwise nothing. */
export function suggest(word: string, names: readonly string[], prefix = ''): string {
  const plain = (text: string): string => text.toLowerCase().replaceAll('_', '-');
  const scored = names.map((name) => ({ name, distance: editDistance(plain(word), plain(name)) }));
  const best = scored.reduce((a, b) => (b.distance < a.distance ? b : a), { name: '', distance: Infinity });
  return best.distance <= Math.max(1, Math.floor(word.length / 3)) ? `, did you mean ${prefix}${best.name}?` : '';
}

/** Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = swapped ? rows[i - 2][j - 2] + 1 : Infinity;
      row.push(Math.min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + (same ? 0 : 1), swap));
    }
    rows.push(row);
  }
  return rows[a.length][b.length];
}
