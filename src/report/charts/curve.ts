import type { Chart } from '../document.js';
import {
  $schema,
  plotSize,
  seriesChannels,
  shown,
  shownEstimate,
  wholeTicks,
  type Estimate,
  type Unit,
} from './chart.js';

export interface CurvePoint extends Estimate {
  readonly x: number;
}

export interface Curve {
  readonly label: string;
  /** By rising x. */
  readonly points: readonly CurvePoint[];
}

export interface CurveChartParts {
  readonly title: string;
  readonly x: {
    readonly title: string;
    /** By default where the values that were tried grow by factors: `1, 2, 4, 8, 16`. Never with values of 0 or less. */
    readonly log?: boolean;
  };
  readonly y: {
    readonly title: string;
    readonly unit: Unit;
    /** The ends of the axis; by default those of the data. */
    readonly domain?: readonly [number, number];
  };
  readonly curves: readonly Curve[];
}

/** Beyond as many places on the x axis, intervals are a band instead of bars. */
const MOST_BARS = 8;

/**
 * Means along an axis, a line a series, with 95 % intervals: an ablation, PR by block. Series are told apart by colour,
 * shape and dash.
 * @throws RangeError when there is no curve, a curve without points, or two curves of one label
 */
export function curveChart({ title, x, y, curves }: CurveChartParts): Chart {
  const labels = curves.map(({ label }) => label);
  if (curves.length === 0 || curves.some(({ points }) => points.length === 0) || new Set(labels).size < labels.length) {
    throw new RangeError(`chart of curves "${title}": ${curves.length} curves; each needs points and its own label`);
  }
  const places = [...new Set(curves.flatMap(({ points }) => points.map((point) => point.x)))].sort((a, b) => a - b);
  const log = (x.log ?? growsByFactors(places)) && places[0] > 0;
  const { color, shape, strokeDash } = seriesChannels(labels);
  const values = curves.flatMap(({ label, points }) =>
    points.map(({ x: place, value, interval }) => ({
      x: place,
      y: value,
      ...(interval && { low: interval[0], high: interval[1] }),
      series: label,
    })),
  );
  const domain = y.domain && { domain: [...y.domain] };
  const vertical = {
    type: 'quantitative',
    title: y.title,
    axis: y.unit === 'rate' ? { format: '.0%' } : {},
    scale: { zero: false, ...domain },
  } as const;
  const interval = places.length > MOST_BARS ? 'band' : 'bars';
  return {
    title,
    description: `${y.title} by ${x.title}. ${curves.map((curve) => courseOf(curve, y.unit)).join('; ')}.`,
    spec: {
      $schema,
      ...plotSize,
      data: { values },
      encoding: {
        x: {
          field: 'x',
          type: 'quantitative',
          title: x.title,
          axis: { values: ticksAt(places), format: '.6~g', grid: false },
          scale: log ? { type: 'log', nice: false, padding: 8 } : { zero: false, nice: false, padding: 8 },
        },
        color,
      },
      layer: [
        ...(values.some((value) => 'low' in value)
          ? [
              {
                transform: [{ filter: 'isValid(datum.low)' }],
                mark:
                  interval === 'band'
                    ? ({ type: 'area', opacity: 0.18 } as const)
                    : ({ type: 'rule', strokeWidth: 1.5 } as const),
                encoding: { y: { ...vertical, field: 'low' }, y2: { field: 'high' } },
              },
            ]
          : []),
        {
          mark: { type: 'line', strokeWidth: 2 },
          encoding: { y: { ...vertical, field: 'y' }, strokeDash },
        },
        {
          mark: { type: 'point', filled: true, opacity: 1, size: 40 },
          encoding: { y: { ...vertical, field: 'y' }, shape },
        },
      ],
    },
    table: {
      head: [x.title, ...labels],
      rows: places.map((place) => [
        place,
        ...curves.map(({ points }) => {
          const found = points.find((point) => point.x === place);
          return found === undefined ? '' : shownEstimate(found, y.unit);
        }),
      ]),
    },
  };
}

/** The first and the last point in words. */
function courseOf({ label, points }: Curve, unit: Unit): string {
  const [first, last] = [points[0], points[points.length - 1]];
  if (points.length === 1) return `${label}: ${shownEstimate(first, unit)} at ${first.x}`;
  return `${label}: from ${shown(first.value, unit)} at ${first.x} to ${shown(last.value, unit)} at ${last.x}`;
}

/** Whether logarithms of the places lie more evenly than the places. */
function growsByFactors(places: readonly number[]): boolean {
  return places.length > 2 && places[0] > 0 && unevenness(places.map(Math.log)) < unevenness(places) - 1e-9;
}

/** The coefficient of variation of the gaps. */
function unevenness(sorted: readonly number[]): number {
  const gaps = sorted.slice(1).map((place, i) => place - sorted[i]);
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  return Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length) / mean;
}

/** Where there are few values, the axis names each. */
function ticksAt(places: readonly number[]): number[] {
  return places.length <= MOST_BARS ? [...places] : wholeTicks(places[places.length - 1]);
}
