import { z } from 'zod';

import type { Trigger } from '../src/attack/trigger/trigger.js';
import { InputError } from '../src/core/errors.js';
import { evaluateClip, type Attack, type Evaluation } from '../src/evaluation/evaluate.js';
import { missedGates, validateGates } from '../src/evaluation/gates.js';
import { predictionsCsv, type PredictionRow } from '../src/evaluation/predictions-csv.js';
import { resolveTarget } from '../src/evaluation/target.js';
import { openTrigger, type OpenedTrigger } from '../src/node/open-trigger.js';
import { refuseUnwritable, writeAtomic } from '../src/run/atomic-file.js';
import { defineCommand, type Context } from './command.js';
import { textFeaturesOf } from './data-options.js';
import {
  describeMeasurement,
  measureShape,
  noteBroken,
  notePlan,
  openMeasurement,
  triggerHelp,
  type OpenedMeasurement,
} from './measure-options.js';
import type { Format } from './output.js';

const schema = z.object({
  ...measureShape,
  trigger: z.string().optional().describe(`also measure on triggered images: ${triggerHelp}`),
  target: z
    .string()
    .optional()
    .describe('class that the trigger is to bring about, if no manifest tells: its name, or #index'),
  predictions: z.string().optional().describe('CSV file to write what every image was called to'),
  maxAsr: z.number().optional().describe('gate: highest attack success rate (strict) that passes, in 0…1'),
  minCa: z.number().optional().describe('gate: lowest clean accuracy that passes, in 0…1'),
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
  ],
  async run(context, flags) {
    const opened = await readTrigger(flags);
    const trigger = opened?.trigger;
    const gates = {
      ...(flags.maxAsr === undefined ? {} : { maxAsr: flags.maxAsr }),
      ...(flags.minCa === undefined ? {} : { minCa: flags.minCa }),
    };
    validateGates(gates, { triggered: trigger !== undefined });
    if (flags.predictions !== undefined) await refuseUnwritable(flags.predictions);

    await using measurement = await openMeasurement(context, flags);
    const { classNames } = measurement.data.dataset;
    const target = opened === undefined ? undefined : resolveTarget(opened.target, classNames);
    notePlan(context, measurement, trigger === undefined ? 1 : 2);
    const textFeatures = await textFeaturesOf(context, measurement.model, measurement.data);
    const attack =
      trigger === undefined || target === undefined
        ? undefined
        : await attackWith(context, measurement, trigger, target);
    const evaluation = await evaluateClip({
      ...measurement.options,
      textFeatures,
      ...(attack === undefined ? {} : { attack }),
    });
    noteBroken(context, evaluation.broken);
    if (flags.predictions !== undefined) {
      await writeAtomic(flags.predictions, predictionsCsv(namedPredictions(evaluation, classNames)));
    }
    const { clean, attacked } = evaluation;
    return {
      data: {
        ...clean,
        ...attacked,
        ...(attack === undefined ? {} : describeAttack(attack, classNames)),
        ...describeMeasurement(measurement, flags, evaluation.broken),
      },
      text: (format) => describe(evaluation, format),
      missed: missedGates(gates, { ...clean, ...attacked }),
    };
  },
});

/** @throws InputError (`usage`) when there is a trigger without a target, or the reverse, or no such trigger */
async function readTrigger({
  trigger,
  target,
}: z.output<typeof schema>): Promise<(OpenedTrigger & { target: string }) | undefined> {
  if (trigger === undefined && target === undefined) return undefined;
  const opened = trigger === undefined ? undefined : await openTrigger(trigger);
  const wanted = target ?? opened?.target;
  if (opened !== undefined && wanted !== undefined) return { ...opened, target: wanted };
  throw new InputError({
    code: 'usage',
    operation: 'rvpt evaluate',
    expected: '--trigger and --target, or neither',
    received: trigger === undefined ? '--target alone' : '--trigger alone',
  });
}

/** The attack, with the class prompts that it changes where it changes them. */
async function attackWith(
  context: Context,
  { model, data }: OpenedMeasurement,
  trigger: Trigger,
  target: number,
): Promise<Attack> {
  const { seed } = context;
  if (trigger.applyText === undefined) return { trigger, target, seed };
  const prompts = data.prompts.map((texts) => texts.map((text) => trigger.applyText?.(text) ?? text));
  return { trigger, target, seed, textFeatures: await textFeaturesOf(context, model, { prompts }) };
}

function describeAttack({ trigger, target, seed }: Attack, classNames: readonly string[]): object {
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
