/** `, did you mean …?` when one of `names` is close to `word`, otherwise nothing. */
export function suggest(word: string, names: readonly string[], prefix = ''): string {
  const plain = (text: string): string => text.toLowerCase().replaceAll('_', '-');
  const scored = names.map((name) => ({ name, distance: editDistance(plain(word), plain(name)) }));
  const best = scored.reduce((a, b) => (b.distance < a.distance ? b : a), { name: '', distance: Infinity });
  return best.distance <= Math.max(1, Math.floor(word.length / 3)) ? `, did you mean ${prefix}${best.name}?` : '';
}

/** Levenshtein's distance: insertions, deletions and substitutions. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, substitution));
    }
    row = next;
  }
  return row[b.length];
}
