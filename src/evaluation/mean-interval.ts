/** The 97.5 % quantiles of Student's t for 1, 2, … degrees of freedom; beyond the table the last, on the safe side. */
const STUDENT_T = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228] as const;

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
  const t = STUDENT_T[Math.min(values.length - 1, STUDENT_T.length) - 1];
  return { mean, half: t * Math.sqrt(variance / values.length) };
}
