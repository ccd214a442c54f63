/** Scales each row of `width` elements to length 1, in place. */
export function scaleRowsToUnit(data: Float32Array, width: number): void {
  for (let at = 0; at < data.length; at += width) {
    const row = data.subarray(at, at + width);
    const length = Math.sqrt(row.reduce((sum, element) => sum + element * element, 0));
    row.forEach((element, i) => (row[i] = element / length));
  }
}
