import type { Chart } from '../document.js';
import { $schema, legendOf, shapeOf } from './chart.js';

export interface ScatterPoint {
  readonly x: number;
  readonly y: number;
  /** Told by colour: a class. */
  readonly group: string;
  /** Told by shape: clean, with the trigger. */
  readonly kind: string;
}

export interface ScatterParts {
  readonly title: string;
  /** In words, for those who cannot see it: which points lie together. Who draws it has to say so. */
  readonly description: string;
  /** In the order of their colours. */
  readonly groups: readonly string[];
  /** In the order of their shapes; the first is drawn lighter, as the ground that the others stand out from. */
  readonly kinds: readonly string[];
  readonly points: readonly ScatterPoint[];
}

const SIDE = 280;

/**
 * Points on a plane whose axes mean nothing, such as t-SNE's: square, no ticks, one scale for both axes.
 * @throws RangeError when there are no points, or one of a group or kind that is not listed
 */
export function scatterChart({ title, description, groups, kinds, points }: ScatterParts): Chart {
  const stray = points.find(({ group, kind }) => !groups.includes(group) || !kinds.includes(kind));
  if (points.length === 0 || stray !== undefined) {
    const what = stray === undefined ? 'no points' : `a point of ${stray.group}, ${stray.kind}, which is not listed`;
    throw new RangeError(`scatter chart "${title}": ${what}`);
  }
  const place = { type: 'quantitative', axis: null, scale: { domain: extent(points), nice: false } } as const;
  const rounded = (value: number): number => Number(value.toPrecision(5));
  return {
    title,
    description,
    spec: {
      $schema,
      width: SIDE,
      height: SIDE,
      data: {
        values: points.map(({ x, y, group, kind }) => ({
          ...{ x: rounded(x), y: rounded(y), group, kind },
          standsOut: kind === kinds[0] && kinds.length > 1 ? 0 : 1,
        })),
      },
      mark: { type: 'point', filled: true, size: 32 },
      encoding: {
        x: { ...place, field: 'x' },
        y: { ...place, field: 'y' },
        color: {
          ...{ field: 'group', type: 'nominal', title: null, legend: legendOf(groups) },
          scale: { domain: [...groups] },
        },
        shape: {
          ...{ field: 'kind', type: 'nominal', title: null, legend: legendOf(kinds) },
          scale: { domain: [...kinds], range: kinds.map((_, i) => shapeOf(i)) },
        },
        opacity: {
          ...{ field: 'standsOut', type: 'quantitative', legend: null },
          scale: { domain: [0, 1], range: [0.55, 0.95] },
        },
      },
    },
    table: {
      head: ['group', 'kind', 'points'],
      rows: groups.flatMap((group) =>
        kinds.flatMap((kind) => {
          const count = points.filter((point) => point.group === group && point.kind === kind).length;
          return count === 0 ? [] : [[group, kind, count]];
        }),
      ),
    },
  };
}

/** One range for both axes, a little wider than the points. */
function extent(points: readonly ScatterPoint[]): [number, number] {
  const [low, high] = points
    .flatMap(({ x, y }) => [x, y])
    .reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [Infinity, -Infinity]);
  const margin = 0.04 * (high - low) || 1;
  return [low - margin, high + margin];
}
