import { tensor, type Tensor } from './tensor.js';

/** [n, …] with zeros behind it to make [rows, …]; itself where it has as many. */
export function padRows(x: Tensor, rows: number): Tensor {
  const [count, ...rest] = x.shape;
  if (count === rows) return x;
  const padded = tensor([rows, ...rest]);
  padded.data.set(x.data);
  return padded;
}
