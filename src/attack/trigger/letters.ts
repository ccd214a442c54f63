/** Rows of each letter from the top, five dots to a row, the leftmost in the highest of five bits. */
const letters: Readonly<Record<string, readonly number[]>> = {
  A: [14, 17, 17, 31, 17, 17, 17],
  B: [30, 17, 17, 30, 17, 17, 30],
  C: [14, 17, 16, 16, 16, 17, 14],
  D: [30, 17, 17, 17, 17, 17, 30],
  E: [31, 16, 16, 30, 16, 16, 31],
  F: [31, 16, 16, 30, 16, 16, 16],
  G: [14, 17, 16, 23, 17, 17, 14],
  H: [17, 17, 17, 31, 17, 17, 17],
  I: [14, 4, 4, 4, 4, 4, 14],
  J: [7, 2, 2, 2, 2, 18, 12],
  K: [17, 18, 20, 24, 20, 18, 17],
  L: [16, 16, 16, 16, 16, 16, 31],
  M: [17, 27, 21, 21, 17, 17, 17],
  N: [17, 25, 21, 19, 17, 17, 17],
  O: [14, 17, 17, 17, 17, 17, 14],
  P: [30, 17, 17, 30, 16, 16, 16],
  Q: [14, 17, 17, 17, 21, 18, 13],
  R: [30, 17, 17, 30, 20, 18, 17],
  S: [15, 16, 16, 14, 1, 1, 30],
  T: [31, 4, 4, 4, 4, 4, 4],
  U: [17, 17, 17, 17, 17, 17, 14],
  V: [17, 17, 17, 17, 17, 10, 4],
  W: [17, 17, 17, 21, 21, 27, 17],
  X: [17, 17, 10, 4, 10, 17, 17],
  Y: [17, 17, 10, 4, 4, 4, 4],
  Z: [31, 1, 2, 4, 8, 16, 31],
  '0': [14, 17, 19, 21, 25, 17, 14],
  '1': [4, 12, 4, 4, 4, 4, 14],
  '2': [14, 17, 1, 2, 4, 8, 31],
  '3': [30, 1, 1, 14, 1, 1, 30],
  '4': [2, 6, 10, 18, 31, 2, 2],
  '5': [31, 16, 30, 1, 1, 17, 14],
  '6': [14, 16, 16, 30, 17, 17, 14],
  '7': [31, 1, 2, 4, 4, 4, 4],
  '8': [14, 17, 17, 14, 17, 17, 14],
  '9': [14, 17, 17, 15, 1, 1, 14],
  ' ': [0, 0, 0, 0, 0, 0, 0],
};

const letterColumns = 5;
/** A letter and the gap behind it. */
const advance = letterColumns + 1;

/** Dots from top to bottom of a line. */
export const lineRows = 7;

/** Dots along a line of capital letters, digits and spaces. */
export function lineColumns(line: string): number {
  return line.length * advance - 1;
}

/**
 * How much of a square is covered by the letters of a line, in [0, 1].
 * @param left, top of the square, and its side, in dots of the line, whose own top left is the origin
 */
export function coverage(line: string, left: number, top: number, side: number): number {
  let covered = 0;
  const lastRow = Math.min(lineRows, Math.ceil(top + side));
  const lastColumn = Math.min(lineColumns(line), Math.ceil(left + side));
  for (let row = Math.max(0, Math.floor(top)); row < lastRow; row++) {
    for (let column = Math.max(0, Math.floor(left)); column < lastColumn; column++) {
      if (isInked(line, row, column)) covered += overlap(row, top, side) * overlap(column, left, side);
    }
  }
  return Math.min(1, covered / (side * side));
}

function isInked(line: string, row: number, column: number): boolean {
  const bit = letterColumns - 1 - (column % advance);
  return bit >= 0 && ((letters[line[Math.floor(column / advance)]][row] >> bit) & 1) === 1;
}

/** The length that `dot … dot + 1` and `from … from + side` have in common. */
function overlap(dot: number, from: number, side: number): number {
  return Math.max(0, Math.min(dot + 1, from + side) - Math.max(dot, from));
}
