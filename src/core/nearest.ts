/**
 * The names that `word` was probably meant to be, the likeliest first: those a few slips of the finger away (a third
 * of its length, at least one), and those that contain it. Case, `_`, `-` and spaces count as alike.
 */
export function nearestNames(word: string, names: readonly string[], limit = 3): string[] {
  const wanted = plain(word);
  const slips = Math.max(1, Math.floor(wanted.length / 3));
  return names
    .map((name) => ({
      name,
      contains: wanted !== '' && plain(name).includes(wanted),
      distance: editDistance(wanted, plain(name)),
    }))
    .filter(({ contains, distance }) => contains || distance <= slips)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, limit)
    .map(({ name }) => name);
}

function plain(text: string): string {
  return text.toLowerCase().replaceAll(/[_\s]/g, '-');
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
