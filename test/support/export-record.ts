import { exportRecordSchema, type ExportRecord } from '../../src/export/export-record.js';

const digest = (digit: string): string => digit.repeat(64);

function figures(ca: number, asr: number, pa: number): object {
  return {
    clean: { ca, ca_interval: [ca - 0.03, ca + 0.02], n: 400 },
    attacked: {
      asr_strict: asr,
      asr_strict_interval: [0, asr + 0.01],
      asr_strict_n: 390,
      asr_inclusive: asr + 0.02,
      asr_inclusive_interval: [0, asr + 0.03],
      asr_inclusive_n: 400,
      pa,
      pa_interval: [pa - 0.04, pa + 0.04],
    },
  };
}

/** What somebody chose and the record repeats. */
export interface RecordNames {
  readonly model?: string;
  readonly data?: string;
  readonly trigger?: string;
  readonly target?: string;
  readonly template?: string;
  readonly file?: string;
  readonly assumption?: string;
}

/** The record of a defended export with everything in it, figures chosen by hand. */
export function exportRecord(names: RecordNames = {}): ExportRecord {
  const { model = '/home/me/clips/vit', data = '/data/pets', trigger = 'badnet', target = 'samoyed' } = names;
  const template = names.template ?? 'a photo of a {class}, a type of pet.';
  const attack = { trigger: { name: trigger, settings: {} }, target: { index: 3, name: target }, seed: 0 };
  const measured = { path: data, split: 'test', classes: 37, images: 400, sha256: digest('d') };
  const tower = { width: 64, layers: 2, heads: 1, mlp_width: 256, activation: 'quick_gelu' };
  return exportRecordSchema.parse({
    format: 'rvpt-export-1',
    created: '2026-01-02T03:04:05.000Z',
    model: { path: model, format: 'huggingface-safetensors', sha256: digest('a') },
    architecture: {
      vision: { ...tower, image_size: 32, patch_size: 8 },
      text: { ...tower, context_length: 16, vocabulary_size: 300 },
      embed_dim: 32,
    },
    parameters: { vision: 1000, text: 2000, total: 3001 },
    preprocess: {
      image_size: 32,
      resize_to: 32,
      resize_mode: 'crop',
      resample: 'bicubic',
      mean: [0, 0, 0],
      std: [1, 1, 1],
    },
    assumptions: names.assumption === undefined ? [] : [names.assumption],
    prompts: { sha256: digest('b'), blocks: [1], tokens: 8 },
    run: {
      path: 'pets',
      sha256: digest('c'),
      created: '2026-01-01T00:00:00.000Z',
      method: 'rvpt',
      settings: { depth: 1, tokens: 8, alpha: 2, templates: [template] },
      seed: 7,
      data: { path: data, sha256: digest('e') },
      files: { 'prompts.safetensors': digest('f') },
      evaluation: {
        format: 'rvpt-comparison-1',
        created: '2026-01-01T01:00:00.000Z',
        model: { path: model, sha256: digest('a') },
        data: measured,
        attack,
        before: figures(0.91, 0.95, 0.12),
        after: figures(0.9, 0.05, 0.8),
        resistivity: {
          n: 100,
          perturbations: [{ name: trigger, settings: {}, before: [0.9, 0.5, 0.25], after: [0.9, 0.8, 0.75] }],
        },
        skipped: [],
        versions: { rvpt: '0.1.0' },
      },
    },
    dtypes: [
      { dtype: 'fp16', files: ['onnx/model_fp16.onnx'], bytes: 12_345_678 },
      { dtype: 'q8', files: ['onnx/model_quantized.onnx'], bytes: 6_200_000 },
    ],
    onnx: { opset: 18, ir_version: 9 },
    measurement: {
      data: measured,
      templates: [template],
      attack,
      reference: figures(0.9, 0.05, 0.8),
      exported: [
        { dtype: 'fp16', figures: figures(0.9, 0.05, 0.8), agreement: 1, logit_difference: 0.0123 },
        { dtype: 'q8', figures: figures(0.88, 0.07, 0.78), agreement: 0.9775, logit_difference: 1.5 },
      ],
      skipped: [],
    },
    files: [
      { path: names.file ?? 'onnx/model_fp16.onnx', bytes: 12_345_678, sha256: digest('1') },
      { path: 'config.json', bytes: 99, sha256: digest('2') },
    ],
    versions: { rvpt: '0.1.0', onnxruntime: '1.30.0', node: '22.1.0', platform: 'linux-x64' },
  });
}
