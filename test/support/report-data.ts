import type { Comparison, Figures, Picture } from '../../src/evaluation/comparison.js';
import type { ReportData, ReportModel } from '../../src/report/report-data.js';

const sha256 = 'a'.repeat(64);

/** A PNG of one pixel. */
const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/** Rates with intervals of ± 0.02. */
export function figures(ca: number, asr: number, pa: number): Figures {
  const around = (rate: number): [number, number] => [Math.max(0, rate - 0.02), Math.min(1, rate + 0.02)];
  return {
    clean: { ca, ca_interval: around(ca), n: 200 },
    attacked: {
      asr_strict: asr,
      asr_strict_interval: around(asr),
      asr_strict_n: 195,
      asr_inclusive: asr,
      asr_inclusive_interval: around(asr),
      asr_inclusive_n: 200,
      pa,
      pa_interval: around(pa),
    },
  };
}

function picture(before: string, after: string): Picture {
  const answer = (name: string): Picture['before'] => ({
    top: [
      { class: name, probability: 0.7512 },
      { class: 'pear', probability: 0.2 },
    ],
    attention: [0.1, 0.2, 0.3, 0.05],
  });
  return { png, before: answer(before), after: answer(after) };
}

/** A model that a trigger turned into `target` and that was cured. */
export function comparison(target = 'banana', label = 'apple'): Comparison {
  return {
    format: 'rvpt-comparison-1',
    created: '2026-01-02T03:04:05.000Z',
    model: { path: 'models/bad', sha256 },
    data: { path: 'data/test', classes: 3, images: 200, sha256 },
    attack: { trigger: { name: 'badnet', settings: { size: 16 } }, target: { index: 1, name: target }, seed: 0 },
    before: figures(0.94, 0.975, 0.03),
    after: figures(0.925, 0.02, 0.81),
    resistivity: {
      n: 64,
      perturbations: [
        { name: 'gaussian-noise', settings: { std: 0.001 }, before: [1, 0.9, 0.8], after: [1, 0.95, 0.9] },
        { name: 'badnet', settings: { size: 16 }, before: [1, 0.6, 0.4], after: [1, 0.9, 0.85] },
      ],
    },
    examples: [
      { image: 'apple/1.png', label, clean: picture(label, label), triggered: picture(target, label) },
      { image: 'apple/2.png', label, clean: picture(label, target), triggered: picture(target, target) },
    ],
    skipped: [],
    versions: { rvpt: '0.1.0' },
  };
}

export function reportModel(changes: Partial<ReportModel> = {}): ReportModel {
  return {
    name: 'badnet',
    method: 'rvpt',
    run: 'runs/badnet',
    comparison: comparison(),
    history: {
      stepsPerPoint: 1,
      points: [1, 2, 3].map((step) => ({ step, loss: 3 / step, ce: 1 / step, fr: 1 / step, learningRate: 0.002 })),
    },
    settings: { depth: 3, alpha: 2, preprocess: { imageSize: 48, mean: [0.5, 0.5, 0.5] } },
    provenance: {
      created: '2026-01-02T03:04:05.000Z',
      seed: 0,
      model: { path: 'models/bad', sha256 },
      data: { path: 'data/train', sha256 },
      execution: { runtime: 'cpu, 2 threads' },
      versions: { rvpt: '0.1.0', node: '20.19.0' },
      samples: [{ class: 'apple', images: ['apple/7.png'] }],
    },
    ...changes,
  };
}

export function reportData(...models: ReportModel[]): ReportData {
  return { format: 'rvpt-report-1', title: 'Backdoor report', models: models.length === 0 ? [reportModel()] : models };
}
