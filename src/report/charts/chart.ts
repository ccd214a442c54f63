import { percent } from '../format.js';

export const $schema = 'https://vega.github.io/schema/vega-lite/v5.json';

/** Of the plot alone, in pixels before the page scales it. */
export const plotSize = { width: 250, height: 150 } as const;

/** How the series of a figure are drawn besides their colours, so that nothing hangs on colours alone. */
const looks = [
  { shape: 'circle', dash: [1, 0] },
  { shape: 'square', dash: [1, 0] },
  { shape: 'triangle-up', dash: [5, 3] },
  { shape: 'diamond', dash: [2, 2] },
  { shape: 'cross', dash: [8, 3, 2, 3] },
  { shape: 'triangle-down', dash: [10, 3] },
  { shape: 'circle', dash: [5, 3] },
  { shape: 'square', dash: [2, 2] },
] as const;

/** The shape and the dash of series number `index`; beyond eight they come again, as colours do. */
export function seriesLooks(index: number): (typeof looks)[number] {
  return looks[index % looks.length];
}

/** The shape of series number `index` alone. */
export function shapeOf(index: number): string {
  return seriesLooks(index).shape;
}

/** What a letter and what all else of an entry take of a legend's width, in pixels. */
const LETTER = 6;
const ENTRY = 30;

/** As many entries beside each other as fit below the plot; nothing where there is nothing to tell apart. */
export function legendOf(labels: readonly string[]): { readonly columns: number } | null {
  if (labels.length < 2) return null;
  const widest = Math.max(...labels.map(({ length }) => length)) * LETTER + ENTRY;
  return { columns: Math.max(1, Math.floor((plotSize.width + 40) / widest)) };
}

/** The channels that tell series apart, by the field `series`; without a legend where there is nothing to tell apart. */
export function seriesChannels(labels: readonly string[]) {
  const domain = [...labels];
  const channel = {
    field: 'series',
    type: 'nominal',
    title: null,
    legend: legendOf(labels),
  } as const;
  return {
    color: { ...channel, scale: { domain } },
    shape: { ...channel, scale: { domain, range: labels.map((_, i) => shapeOf(i)) } },
    strokeDash: { ...channel, scale: { domain, range: labels.map((_, i) => [...seriesLooks(i).dash]) } },
  } as const;
}

/** What the numbers of an axis are. */
export type Unit = 'rate' | 'number';

/** As many digits as anyone compares. */
export function shown(value: number, unit: Unit): string {
  return unit === 'rate' ? percent(value) : Number(value.toPrecision(4)).toString();
}

/** A mean with what it may be as well. */
export interface Estimate {
  readonly value: number;
  /** 95 %, in the unit of the value. */
  readonly interval?: readonly [low: number, high: number];
}

/** `92.5 % (90.1 % – 94.9 %)`. */
export function shownEstimate({ value, interval }: Estimate, unit: Unit): string {
  const around = interval && ` (${interval.map((bound) => shown(bound, unit)).join(' – ')})`;
  return `${shown(value, unit)}${around ?? ''}`;
}

/** At most seven ticks for counts of 0 … `last`, at multiples of 1, 2 or 5 times a power of ten. */
export function wholeTicks(last: number): number[] {
  const power = 10 ** Math.max(0, Math.floor(Math.log10(last / 6)));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => last / candidate <= 6) ?? last;
  return Array.from({ length: Math.floor(last / step) + 1 }, (_, i) => i * step);
}
