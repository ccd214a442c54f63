import { z } from 'zod';

import { InputError } from '../src/core/errors.js';
import { firstFew } from '../src/data/problems.js';
import { exportDtypes } from '../src/export/export-dtype.js';
import type { ExportRecord } from '../src/export/export-record.js';
import { exportOnnx, type ExportOptions, type ExportResult } from '../src/run/export-onnx.js';
import { attackShape, checkAttack, openAttack, type AskedAttack } from './attack-options.js';
import { defineCommand, type Context } from './command.js';
import { dataShape, describeData, openData } from './data-options.js';
import { drawn, measureShape } from './measure-options.js';
import { describeModel, modelShape, openModel, type OpenedModel } from './model-options.js';
import type { Format } from './output.js';

const { data: labelled, ...listing } = dataShape;

const schema = z.object({
  ...modelShape,
  prompts: z.string().optional().describe('export the defended model: a run of `rvpt defend`, or its prompts file'),
  out: z.string().describe('folder to write, new or empty'),
  dtype: z
    .array(z.enum(exportDtypes))
    .default([...exportDtypes])
    .describe('what weights are stored as, the preferred one first; several are written side by side'),
  license: z.string().optional().describe('license of the model, for its card: an identifier such as mit'),
  attest: z.boolean().default(false).describe('write an in-toto statement of all files, the run and its figures'),
  test: labelled.optional().describe('labelled images to measure every dtype on'),
  ...listing,
  ...attackShape,
  limit: measureShape.limit,
  batch: measureShape.batch,
  onBroken: measureShape.onBroken,
});
type Options = z.output<typeof schema>;

export const exportCommand = defineCommand({
  name: 'export',
  summary: 'write a model, its prompts folded in, as ONNX: a folder that transformers.js loads as it is',
  options: schema,
  examples: [
    { description: 'the model as it is', command: 'export --model clip --out clip-onnx' },
    {
      description: 'defended, each dtype measured against float32, with a statement of what it is made of',
      command:
        'export --model clip --prompts runs/pets --out clip-pets-onnx --test pets/test --template pets ' +
        '--trigger badnet --target samoyed --attest',
    },
    { description: 'for browsers alone', command: 'export --model clip --out clip-web --dtype q8 --dtype fp16' },
  ],
  async run(context, options) {
    const asked = await openAttack('rvpt export', options);
    if (asked !== undefined && options.test === undefined) {
      throw new InputError({
        code: 'usage',
        operation: 'rvpt export',
        expected: '--test with the images to attack',
        received: '--trigger without --test',
      });
    }
    await using model = await openModel(context, options);
    const test = await openTest(context, options, model, asked);
    context.note(`model: ${describeModel(model)}${options.prompts === undefined ? '' : `, with ${options.prompts}`}`);
    const result = await exportOnnx({
      clip: model.clip,
      runtime: model.runtime,
      out: options.out,
      dtypes: options.dtype,
      attest: options.attest,
      progress: context.progress,
      signal: context.signal,
      ...(options.prompts === undefined ? {} : { prompts: options.prompts }),
      ...(options.license === undefined ? {} : { license: options.license }),
      ...(options.resize === undefined ? {} : { preprocess: { ...model.clip.preprocess, resizeMode: options.resize } }),
      ...(test === undefined ? {} : { test }),
    });
    noteSkipped(context, result.record);
    return { data: report(result), text: (format) => describe(result, format) };
  },
});

/** Opens what the export is measured on, before the work. Undefined where nothing was asked for. */
async function openTest(
  context: Context,
  options: Options,
  model: OpenedModel,
  attack: AskedAttack | undefined,
): Promise<ExportOptions['test']> {
  if (options.test === undefined) return undefined;
  const data = await openData(context, { ...options, data: options.test }, model, {
    preferredSplits: ['test', 'val', 'train'],
    emptyClasses: 'allow',
  });
  const dataset = drawn(data.dataset, options.limit, context.seed);
  if (attack !== undefined) checkAttack(context, { model, data }, attack);
  context.note(`data:  ${describeData(dataset)}`);
  return {
    dataset,
    templates: data.templates,
    decode: data.decode,
    batch: options.batch,
    onBroken: options.onBroken,
    ...(attack === undefined
      ? {}
      : { attack: { trigger: attack.trigger, target: attack.target, seed: attack.seed ?? context.seed } }),
  };
}

function noteSkipped(context: Context, { measurement }: ExportRecord): void {
  const skipped = measurement?.skipped ?? [];
  if (skipped.length > 0) context.note(`left out ${skipped.length} images that cannot be read: ${firstFew(skipped)}`);
}

function report({ out, record }: ExportResult): object {
  const { model, prompts, run, dtypes, measurement } = record;
  return {
    out,
    model: { path: model.path, sha256: model.sha256 },
    prompts: prompts ?? null,
    run: run?.path ?? null,
    dtypes: dtypes.map(({ dtype, bytes }) => ({ dtype, bytes })),
    ...(measurement === undefined ? {} : { measurement }),
  };
}

function describe({ out, record }: ExportResult, { colors, table }: Format): string {
  const { dtypes, measurement } = record;
  const largest = Math.max(...dtypes.map(({ bytes }) => bytes));
  const sizes = dtypes.map(({ dtype, bytes }): [string, string, string] => [
    dtype,
    `${(bytes / 1e6).toFixed(1)} MB`,
    `${((100 * bytes) / largest).toFixed(1)} %`,
  ]);
  return [
    table(['weights', 'model.onnx', ''], sizes),
    ...(measurement === undefined ? [] : [table(...figuresTable(measurement))]),
    `${colors.bold('export')}  ${out}; pipeline('zero-shot-image-classification', …) of transformers.js takes it`,
  ].join('\n');
}

type Measurement = NonNullable<ExportRecord['measurement']>;

/** CA, and under attack ASR (strict) and PA, of the model and of each dtype's files. */
function figuresTable({ reference, exported }: Measurement): [head: string[], rows: (string | number)[][]] {
  const percent = (rate: number): string => (100 * rate).toFixed(2);
  const rates = ({ clean, attacked }: Measurement['reference']): string[] => [
    percent(clean.ca),
    ...(attacked === undefined ? [] : [percent(attacked.asr_strict), percent(attacked.pa)]),
  ];
  const attackedHead = reference.attacked === undefined ? [] : ['ASR, strict, %', 'PA, %'];
  return [
    ['', 'CA, %', ...attackedHead, 'same answers, %', 'logit off by'],
    [
      ['as evaluated', ...rates(reference), '', ''],
      ...exported.map(({ dtype, figures, agreement, logit_difference: difference }) => [
        dtype,
        ...rates(figures),
        percent(agreement),
        difference.toPrecision(2),
      ]),
    ],
  ];
}
