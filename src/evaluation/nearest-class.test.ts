import { expect, test } from 'vitest';

import { tensor } from '../tensor/tensor.js';
import { nearestClasses } from './nearest-class.js';

test('rows go to the class whose mean direction is nearest', () => {
  // class 7: (1, 0) and (0.6, 0.8), mean at 26.6°; class 3: (0, 1), at 90°; the line between them is at 58.3°
  const clean = { features: tensor([3, 2], [1, 0, 0, 1, 0.6, 0.8]), labels: [7, 3, 7] };
  const at = (degrees: number): number[] => [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const rows = tensor([4, 2], [...at(0), ...at(57), ...at(60), ...at(120)]);
  // to the nearest single row instead, 60° would go to class 7 at 53.1°
  expect(nearestClasses(rows, clean)).toEqual([7, 7, 3, 3]);
});
