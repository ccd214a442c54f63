/** A caption, as words, and what people say of the same image. */
export interface ScoredCaption {
  readonly words: readonly string[];
  /** One or more. */
  readonly references: readonly (readonly string[])[];
}

/**
 * What happens to precisions of 0, which would make the whole score 0:
 * - `none`: nothing (Papineni et al.), as is usual over a corpus
 * - `add-one`: 1 is added to matches and n-grams for n ≥ 2 (Lin and Och, "ORANGE", 2004), for few or short captions
 */
export const bleuSmoothings = ['none', 'add-one'] as const;
export type BleuSmoothing = (typeof bleuSmoothings)[number];

/** BLEU and its parts. */
export interface Bleu {
  /** In [0, 1]. */
  readonly score: number;
  /** Modified precision of n-grams, n = 1 … `order`; smoothed, where that was asked for. */
  readonly precisions: readonly number[];
  /** In (0, 1]; 0 for captions without a word. */
  readonly brevityPenalty: number;
}

/**
 * Corpus BLEU (Papineni, Roukos, Ward and Zhu, "BLEU: a Method for Automatic Evaluation of Machine Translation", 2002):
 * the geometric mean of the modified n-gram precisions, their matches and n-grams summed over the corpus, times the
 * brevity penalty exp(1 − r / c) where the captions' c words are no more than the r of the references. Of several
 * references an n-gram counts as often as in the one that has most of it, and r takes the length nearest to the
 * caption's, the shorter of two as near.
 * @param order the longest n-grams; 4 is the measure's usual form
 * @throws RangeError without captions, or for one without references
 */
export function corpusBleu(captions: readonly ScoredCaption[], smoothing: BleuSmoothing = 'none', order = 4): Bleu {
  if (captions.length === 0) throw new RangeError('BLEU: no captions');
  if (captions.some(({ references }) => references.length === 0)) throw new RangeError('BLEU: no references');
  const precisions = Array.from({ length: order }, (_, i) => precision(captions, i + 1, smoothing));
  const length = captions.reduce((sum, { words }) => sum + words.length, 0);
  const wanted = captions.reduce((sum, caption) => sum + nearestLength(caption), 0);
  const brevityPenalty = length === 0 ? 0 : length > wanted ? 1 : Math.exp(1 - wanted / length);
  const logarithms = precisions.reduce((sum, value) => sum + Math.log(value), 0); // log 0 = −∞, whose exp is 0
  return { score: brevityPenalty * Math.exp(logarithms / order), precisions, brevityPenalty };
}

function precision(captions: readonly ScoredCaption[], n: number, smoothing: BleuSmoothing): number {
  let matches = 0;
  let total = 0;
  for (const { words, references } of captions) {
    const limits = references.map((reference) => countGrams(reference, n));
    for (const [gram, count] of countGrams(words, n)) {
      const limit = limits.reduce((most, counts) => Math.max(most, counts.get(gram) ?? 0), 0);
      matches += Math.min(count, limit);
      total += count;
    }
  }
  if (smoothing === 'add-one' && n > 1) return (matches + 1) / (total + 1);
  return total === 0 ? 0 : matches / total;
}

function countGrams(words: readonly string[], n: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let at = 0; at + n <= words.length; at++) {
    const gram = words.slice(at, at + n).join(' ');
    counts.set(gram, (counts.get(gram) ?? 0) + 1);
  }
  return counts;
}

function nearestLength({ words, references }: ScoredCaption): number {
  const lengths = references.map((reference) => reference.length);
  return lengths.reduce((best, length) => {
    const [away, bestAway] = [length, best].map((one) => Math.abs(one - words.length));
    return away < bestAway || (away === bestAway && length < best) ? length : best;
  });
}
