import { makeEntry } from '../core/catalog.js';
import type { Measurement, MeasurementEntry } from './measurement.js';
import { adversarial } from './measurements/adversarial.js';
import { attention } from './measurements/attention.js';
import { captioning } from './measurements/captioning.js';
import { classification } from './measurements/classification.js';
import { embeddings } from './measurements/embeddings.js';
import { resistivity } from './measurements/resistivity.js';
import { retrieval } from './measurements/retrieval.js';

/** Everything that can be measured of a defended model. A new measurement is one file and one line here. */
export const measurements: readonly MeasurementEntry[] = [
  classification,
  resistivity,
  retrieval,
  captioning,
  embeddings,
  attention,
  adversarial,
];

/** The measurement of this name, with these settings. @throws InputError (`usage`) that lists everything wrong with it */
export function makeMeasurement(name: string, settings: Readonly<Record<string, unknown>> = {}): Measurement {
  return makeEntry('measurement', measurements, { name, settings });
}
