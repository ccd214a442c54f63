import type { Chart } from '../document.js';
import { $schema, plotSize, seriesChannels, shown, type Estimate, type Unit } from './chart.js';

export interface Bar extends Estimate {
  /** What stands on the axis: an attack. */
  readonly group: string;
  /** What stands side by side in it: a defense. */
  readonly series: string;
  /** The paper's figure, drawn as an upright line. */
  readonly published?: number;
}

export interface BarsParts {
  readonly title: string;
  readonly value: { readonly title: string; readonly unit: Unit; readonly domain?: readonly [number, number] };
  /** What groups and series are, for the table of numbers: `attack`, `defense`. */
  readonly names: { readonly group: string; readonly series: string };
  /** All series in the order of their colours; by default those of the bars, in the order that they come in. */
  readonly series?: readonly string[];
  readonly bars: readonly Bar[];
}

/**
 * Values with 95 % intervals, lying, several to a group. Series are told apart by colour and shape.
 * @throws RangeError when there are no bars
 */
export function barsWithIntervals({ title, value, names, bars, ...rest }: BarsParts): Chart {
  if (bars.length === 0) throw new RangeError(`chart of bars "${title}": no bars`);
  const series = rest.series ?? [...new Set(bars.map((bar) => bar.series))];
  const { color, shape } = seriesChannels(series);
  const { unit } = value;
  const domain = value.domain ?? (unit === 'rate' ? [0, 1] : undefined);
  const axis = unit === 'rate' ? { format: '.0%', tickCount: 5 } : { tickCount: 5 };
  const x = {
    type: 'quantitative',
    title: value.title,
    axis,
    scale: domain === undefined ? { zero: true } : { domain: [...domain] },
  } as const;
  const values = bars.map(({ group, series: name, value: mean, interval, published }) => ({
    ...{ group, series: name, value: mean },
    ...(interval && { low: interval[0], high: interval[1] }),
    ...(published !== undefined && { published }),
  }));
  const hasPublished = bars.some(({ published }) => published !== undefined);
  return {
    title,
    description: `${title}. ${inWords(bars, unit)}.`,
    spec: {
      $schema,
      width: plotSize.width,
      height: { step: 13 },
      data: { values },
      encoding: {
        y: { field: 'group', type: 'nominal', title: null, sort: null, axis: { labelLimit: 140 } },
        yOffset: { field: 'series', type: 'nominal', sort: null, scale: { domain: [...series] } },
        color,
      },
      layer: [
        { mark: { type: 'bar', opacity: 0.22 }, encoding: { x: { ...x, field: 'value' } } },
        {
          transform: [{ filter: 'isValid(datum.low)' }],
          mark: { type: 'rule', strokeWidth: 2 },
          encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' } },
        },
        ...(hasPublished
          ? [
              {
                transform: [{ filter: 'isValid(datum.published)' }],
                mark: { type: 'tick', thickness: 2, size: 12, opacity: 1 } as const,
                encoding: { x: { ...x, field: 'published' } },
              },
            ]
          : []),
        {
          mark: { type: 'point', filled: true, opacity: 1, size: 50 },
          encoding: { x: { ...x, field: 'value' }, shape },
        },
      ],
    },
    table: {
      head: [names.group, names.series, value.title, '95 % interval', ...(hasPublished ? ['published'] : [])],
      rows: bars.map(({ group, series: name, value: mean, interval, published }) => [
        ...[group, name, shown(mean, unit)],
        interval === undefined ? '–' : interval.map((bound) => shown(bound, unit)).join(' – '),
        ...(hasPublished ? [published === undefined ? '–' : shown(published, unit)] : []),
      ]),
    },
  };
}

/** More than this nobody listens to; the table has them. */
const MOST_SAID = 24;

function inWords(bars: readonly Bar[], unit: Unit): string {
  if (bars.length > MOST_SAID) return `${bars.length} values; the table of numbers has them`;
  return bars.map(({ group, series, value }) => `${group} ${series} ${shown(value, unit)}`).join('; ');
}
