import type { Estimate, Repetition } from '../evaluation/statistics/estimate.js';
import { estimateOf } from '../evaluation/statistics/estimate.js';
import type { Estimate as ChartEstimate } from '../report/charts/chart.js';
import type { TableEntry } from '../report/document.js';
import { publishedText, type PublishedRates } from './published.js';

/** How a figure is written: a rate in percent with one decimal, a cosine or a ratio with two, a count whole, anything else with four digits. */
export type Scale = 'percent' | 'cosine' | 'count' | 'number';

const writers: Readonly<Record<Scale, (value: number) => string>> = {
  percent: (value) => (100 * value).toFixed(1),
  cosine: (value) => value.toFixed(2),
  count: (value) => Math.round(value).toLocaleString('en'),
  number: (value) => Number(value.toPrecision(4)).toString(),
};

/** `12.5 ± 3.1`, or `12.5` without an interval; an en dash for what there is none of. */
export function estimateText(estimate: Estimate | undefined, scale: Scale): string {
  if (estimate === undefined) return '–';
  const { value, interval } = estimate;
  const write = writers[scale];
  return interval === undefined ? write(value) : `${write(value)} ± ${write((interval[1] - interval[0]) / 2)}`;
}

/** Over what the interval is, and of how many seeds the mean. */
function detailOf({ over, n }: Estimate): string {
  if (over === 'seeds') return `${n} seeds`;
  return over === 'images' ? 'one run, ± over images' : 'one run';
}

/** The entry of a figure: mean, half its interval, over what; beside it the paper's. */
export function estimateEntry(repetitions: readonly Repetition[], scale: Scale, published?: string): TableEntry {
  const estimate = estimateOf(repetitions);
  const text = estimateText(estimate, scale);
  return { text, ...sortable(estimate), ...(published === undefined ? {} : { published }) };
}

/** `ASR ± (CA ±)`, as the paper's tables have it; sorted and compared by ASR. */
export function ratesEntry(
  { asr, ca }: { readonly asr: readonly Repetition[]; readonly ca: readonly Repetition[] },
  published?: PublishedRates,
): TableEntry {
  const [attack, clean] = [estimateOf(asr), estimateOf(ca)];
  const text =
    attack === undefined && clean === undefined
      ? '–'
      : `${estimateText(attack, 'percent')} (${estimateText(clean, 'percent')})`;
  return {
    text,
    ...sortable(attack),
    ...(published === undefined ? {} : { published: publishedText(published) }),
  };
}

function sortable(estimate: Estimate | undefined): Partial<TableEntry> {
  if (estimate === undefined) return {};
  const { value, interval } = estimate;
  return { value, ...(interval === undefined ? {} : { interval: [...interval] }), detail: detailOf(estimate) };
}

/** An estimate for a chart; the interval of a rate ends where rates do. */
export function chartEstimate({ value, interval }: Estimate, scale: Scale): ChartEstimate {
  if (interval === undefined) return { value };
  const [low, high] = interval;
  return { value, interval: scale === 'percent' ? [Math.max(0, low), Math.min(1, high)] : [low, high] };
}

/** Said below every table of estimates. */
export const intervalCaption =
  '± is half a 95 % interval: with several seeds Student’s t over them, on the same images; with one run it is over images, by the percentile bootstrap or, where that has no width, by a score.';

/** Said where the best is marked. */
export const boldCaption =
  'Bold is the best of a column, and whatever else has an interval that meets that of the best.';
