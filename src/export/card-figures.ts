import type { HubOrigin } from '../core/hub-origin.js';
import type { Figures } from '../evaluation/comparison.js';
import type { ExportRecord } from './export-record.js';
import { oneLine } from './markdown.js';

/** A rate that a model card tells, under the name that the field gives it. */
export interface CardMetric {
  readonly name: string;
  /** In a model-index. */
  readonly type: string;
  readonly underAttack: boolean;
  /** Undefined where there was no attack. */
  readonly of: (figures: Figures) => CardRate | undefined;
}

export interface CardRate {
  readonly rate: number;
  readonly interval: readonly [number, number];
  /** Images that it is a share of. */
  readonly n: number;
}

export const cardMetrics: readonly CardMetric[] = [
  {
    name: 'Clean accuracy (CA)',
    type: 'accuracy',
    underAttack: false,
    of: ({ clean }) => ({ rate: clean.ca, interval: clean.ca_interval, n: clean.n }),
  },
  {
    name: 'Attack success rate, strict (ASR)',
    type: 'attack_success_rate',
    underAttack: true,
    of: ({ attacked }) =>
      attacked && { rate: attacked.asr_strict, interval: attacked.asr_strict_interval, n: attacked.asr_strict_n },
  },
  {
    name: 'Accuracy under attack (PA)',
    type: 'poisoned_accuracy',
    underAttack: true,
    of: ({ attacked }) =>
      attacked && { rate: attacked.pa, interval: attacked.pa_interval, n: attacked.asr_inclusive_n },
  },
];

type MeasuredData = Pick<NonNullable<ExportRecord['measurement']>['data'], 'path' | 'split' | 'classes' | 'images'> & {
  readonly origin?: HubOrigin | undefined;
};

/** Figures of one or more forms of a model on the same images. */
export interface CardMeasurement {
  readonly data: MeasuredData;
  readonly attack: NonNullable<ExportRecord['measurement']>['attack'];
  readonly rows: readonly CardRow[];
  readonly resistivity: NonNullable<NonNullable<ExportRecord['run']>['evaluation']>['resistivity'] | undefined;
  /** Of exported files: how far they answer as the model before. */
  readonly agreement: NonNullable<ExportRecord['measurement']>['exported'] | undefined;
}

interface CardRow {
  readonly label: string;
  /** Whether it is a form of the model that the card is about. */
  readonly own: boolean;
  readonly figures: Figures;
}

/** Everything that was measured: of the exported files, and of the model before and after its run. */
export function measurementsOf({ measurement, run }: ExportRecord): readonly CardMeasurement[] {
  const exported: CardMeasurement[] =
    measurement === undefined
      ? []
      : [
          {
            data: measurement.data,
            attack: measurement.attack,
            rows: [
              { label: 'float32, before the export', own: false, figures: measurement.reference },
              ...measurement.exported.map(({ dtype, figures }) => ({ label: dtype, own: true, figures })),
            ],
            resistivity: undefined,
            agreement: measurement.exported,
          },
        ];
  const evaluation = run?.evaluation;
  if (evaluation === undefined) return exported;
  const { data, attack, before, after, resistivity } = evaluation;
  const rows: CardRow[] = [
    { label: 'base model', own: false, figures: before },
    { label: 'defended, float32', own: true, figures: after },
  ];
  return [...exported, { data, attack, rows, resistivity, agreement: undefined }];
}

/**
 * What to call a model or a data set in public: its name on the Hub or in the zoo, else the last part of its path, as the
 * rest tells about somebody's disk and nothing else.
 */
export function publicName({ path, origin }: { path: string; origin?: HubOrigin | undefined }): string {
  if (origin !== undefined) return oneLine(origin.repository);
  return oneLine(/[^/\\]+(?=[/\\]*$)/.exec(path)?.[0] ?? path);
}
