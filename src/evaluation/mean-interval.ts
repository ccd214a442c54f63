import { studentTQuantile } from './statistics/student-t.js';

export interface MeanInterval {
  readonly mean: number;
  /** Half the width of the mean's 95 % interval by Student's t; undefined for a single value, which has none. */
  readonly half: number | undefined;
}

/** The mean over repetitions, such as seeds. @throws RangeError when there is no value */
export function meanInterval(values: readonly number[]): MeanInterval {
  if (values.length === 0) throw new RangeError('mean: no values');
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length === 1) return { mean, half: undefined };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  const t = studentTQuantile(0.975, values.length - 1);
  return { mean, half: t * Math.sqrt(variance / values.length) };
}
