import { refuseOtherClassNames } from '../../evaluation/head-classes.js';
import type { MeasureInput } from '../measurement.js';

/** @throws InputError (`mismatch`) for a linear head that was trained on other classes than those of the data */
export function refuseOtherHead({ model, learntClasses, dataset }: MeasureInput): void {
  if (model.kind === 'head' && learntClasses !== undefined) refuseOtherClassNames(learntClasses, dataset.classNames);
}
