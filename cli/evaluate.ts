import { z } from 'zod';

import { InputError } from '../src/core/errors.js';
import { evaluateClip, type Evaluation } from '../src/evaluation/evaluate.js';
import { missedGates, validateGates } from '../src/evaluation/gates.js';
import { predictionsCsv, type PredictionRow } from '../src/evaluation/predictions-csv.js';
import { refuseUnwritable, writeAtomic } from '../src/run/atomic-file.js';
import { compareModels } from '../src/run/measure-run.js';
import { RunFolder } from '../src/run/run-folder.js';
import { attackShape, checkAttack, openAttack, type AskedAttack } from './attack-options.js';
import { defineCommand, type Context } from './command.js';
import { evaluationAfter, evaluationOf } from './defended-options.js';
import {
  describeMeasurement,
  measureShape,
  noteBroken,
  notePlan,
  openMeasurement,
  type OpenedMeasurement,
} from './measure-options.js';
import type { Format } from './output.js';

const schema = z.object({
  ...measureShape,
  ...attackShape,
  predictions: z.string().optional().describe('CSV file to write what every image was called to'),
  maxAsr: z.number().optional().describe('gate: highest attack success rate (strict) that passes, in 0…1'),
  minCa: z.number().optional().describe('gate: lowest clean accuracy that passes, in 0…1'),
  save: z
    .boolean()
    .default(false)
    .describe('measure the run of --prompts, and the model without it, for `rvpt report`; kept in the run'),
});

export const evaluate = defineCommand({
  name: 'evaluate',
  summary: 'measure clean accuracy and, with a trigger, the attack success rate and the accuracy under attack',
  options: schema,
  examples: [
    { description: 'how good a model is', command: 'evaluate --model clip --data pets/test --template pets' },
    {
      description: 'how well a backdoor works',
      command: 'evaluate --model clip --data pets/test --trigger badnet --target samoyed',
    },
    {
      description: 'the same of the defended model, as a gate for a script',
      command:
        'evaluate --model clip --prompts runs/pets --data pets/test --trigger badnet:size=32,place=center ' +
        '--target samoyed --max-asr 0.05 --min-ca 0.8 --json',
    },
    {
      description: 'for a report: the model before and after, kept in the run',
      command: 'evaluate --model clip --prompts runs/pets --data pets/test --trigger badnet --target samoyed --save',
    },
  ],
  async run(context, flags) {
    const asked = await openAttack('rvpt evaluate', flags);
    const gates = {
      ...(flags.maxAsr === undefined ? {} : { maxAsr: flags.maxAsr }),
      ...(flags.minCa === undefined ? {} : { minCa: flags.minCa }),
    };
    validateGates(gates, { triggered: asked !== undefined });
    if (flags.predictions !== undefined) await refuseUnwritable(flags.predictions);

    await using run = flags.save ? await openRun(flags) : undefined;
    await using measurement = await openMeasurement(context, flags);
    const { classNames } = measurement.data.dataset;
    // what is wrong with the attack is said before the work
    const target = asked && checkAttack(context, measurement, asked);
    notePlan(context, measurement, (asked === undefined ? 1 : 2) * (flags.save ? 2 : 1));
    const { options, data, defended } = measurement;
    const evaluation =
      run === undefined
        ? await evaluateClip(await evaluationOf(context, options, data, asked, defended))
        : await compareAndSave(context, run, measurement, asked);
    noteBroken(context, evaluation.broken);
    if (flags.predictions !== undefined) {
      await writeAtomic(flags.predictions, predictionsCsv(namedPredictions(evaluation, classNames)));
    }
    const { clean, attacked } = evaluation;
    return {
      data: {
        ...clean,
        ...attacked,
        ...(asked === undefined || target === undefined ? {} : describeAttack(context, asked, target, classNames)),
        ...describeMeasurement(measurement, flags, evaluation.broken),
        ...(run === undefined ? {} : { saved: run.file('evaluation') }),
      },
      text: (format) => describe(evaluation, format),
      missed: missedGates(gates, { ...clean, ...attacked }),
    };
  },
});

/** The run to add to. @throws InputError (`usage`) when there is none; (`missing`, `malformed`, `locked`) */
async function openRun({ prompts }: z.output<typeof schema>): Promise<RunFolder> {
  if (prompts !== undefined) return RunFolder.open(prompts);
  throw new InputError({
    code: 'usage',
    operation: 'rvpt evaluate --save',
    expected: '--prompts with the run to save to',
    received: 'no --prompts',
  });
}

/** Measures the model as it came and as it is defended. @returns the evaluation of the latter */
async function compareAndSave(
  context: Context,
  run: RunFolder,
  { model, defended, data, options }: OpenedMeasurement,
  asked: AskedAttack | undefined,
): Promise<Evaluation> {
  const before = await evaluationOf(context, options, data, asked, { model });
  const after = await evaluationAfter(context, before, data, asked, { model, defended });
  const { clip } = model;
  const { dataset } = data;
  const compared = await compareModels({ before, after, clip, dataset, seed: context.seed });
  await run.writeEvaluation(compared.comparison);
  context.note(`kept in ${run.file('evaluation')}; \`rvpt report ${run.path}\` shows it`);
  return compared.after;
}

function describeAttack(
  context: Context,
  { trigger, seed = context.seed }: AskedAttack,
  target: number,
  classNames: readonly string[],
): object {
  return {
    trigger: { name: trigger.name, settings: trigger.settings, seed },
    target: { index: target, name: classNames[target] },
  };
}

function namedPredictions({ predictions }: Evaluation, classNames: readonly string[]): PredictionRow[] {
  return predictions.map(({ sample, predicted, triggered }) => ({
    image: sample.path,
    label: classNames[sample.label],
    predicted: classNames[predicted],
    ...(triggered === undefined ? {} : { triggered: classNames[triggered] }),
  }));
}

function describe({ clean, attacked }: Evaluation, { table }: Format): string {
  const percent = (rate: number): string => (100 * rate).toFixed(2);
  const row = (
    name: string,
    rate: number,
    [low, high]: readonly [number, number],
    n: number,
  ): [...string[], number] => [name, percent(rate), `${percent(low)} – ${percent(high)}`, n];
  const rows = [row('clean accuracy (CA)', clean.ca, clean.ca_interval, clean.n)];
  if (attacked !== undefined) {
    const { asr_strict, asr_strict_interval, asr_strict_n, asr_inclusive, asr_inclusive_interval } = attacked;
    rows.push(
      row('attack success rate (ASR), strict', asr_strict, asr_strict_interval, asr_strict_n),
      row('attack success rate, inclusive', asr_inclusive, asr_inclusive_interval, attacked.asr_inclusive_n),
      row('poisoned accuracy (PA)', attacked.pa, attacked.pa_interval, attacked.asr_inclusive_n),
    );
  }
  return table(['', '%', '95 % interval', 'images'], rows);
}
