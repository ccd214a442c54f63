import { stringify } from 'yaml';

import { cardMetrics, measurementsOf, publicName, type CardMeasurement } from './card-figures.js';
import type { ExportRecord } from './export-record.js';
import { oneLine } from './markdown.js';

const TASK = { type: 'zero-shot-image-classification', name: 'Zero-shot image classification' } as const;

/**
 * The YAML at the top of a model card, as the Hugging Face Hub reads it (huggingface/hub-docs, modelcard.md): base model,
 * library, task, and a model-index with every figure of the model. Rates are fractions, not rounded.
 * @param license its name on the Hub, where the base model tells it
 */
export function frontMatter(record: ExportRecord, license: string | undefined): string {
  const { model, prompts } = record;
  const name = publicName(model);
  const results = measurementsOf(record).flatMap(resultsOf);
  const fields = {
    library_name: 'transformers.js',
    pipeline_tag: TASK.type,
    ...(license === undefined ? {} : { license }),
    // the Hub takes a name of its own there and nothing else
    ...(model.origin === undefined
      ? {}
      : { base_model: name, base_model_relation: prompts === undefined ? 'quantized' : 'finetune' }),
    tags: ['clip', 'onnx', 'rvpt', ...(prompts === undefined ? [] : ['visual-prompt-tuning', 'backdoor-defense'])],
    ...(results.length === 0 ? {} : { 'model-index': [{ name: `${name}-onnx`, results }] }),
  };
  // every text in quotes: what is plain in YAML 1.2 can be a truth value or a time in the YAML 1.1 of others
  const yaml = stringify(fields, {
    defaultStringType: 'QUOTE_DOUBLE',
    defaultKeyType: 'PLAIN',
    lineWidth: 0,
    aliasDuplicateObjects: false,
  });
  return `---\n${yaml}---\n`;
}

/** One result of clean images, and one for the trigger. */
function resultsOf({ data, attack, rows, resistivity }: CardMeasurement): object[] {
  const name = publicName(data);
  const dataset = {
    type: data.origin === undefined ? 'custom' : name,
    ...(data.split === undefined ? {} : { split: oneLine(data.split) }),
  };
  const metricsOf = (underAttack: boolean): object[] =>
    rows
      .filter(({ own }) => own)
      .flatMap(({ label, figures }) =>
        cardMetrics
          .filter((metric) => metric.underAttack === underAttack)
          .flatMap(({ type, name: metric, of }) => {
            const rate = of(figures);
            return rate === undefined ? [] : [{ type, value: rate.rate, name: `${metric}, ${label}` }];
          }),
      );
  const resisted = (resistivity?.perturbations ?? []).map(({ name: perturbation, after }) => ({
    type: 'perturbation_resistivity',
    value: after[after.length - 1],
    name: `Perturbation resistivity (PR) after the last block, ${oneLine(perturbation)}`,
  }));
  const clean = { task: TASK, dataset: { ...dataset, name }, metrics: [...metricsOf(false), ...resisted] };
  if (attack === undefined) return [clean];
  const { trigger, target } = attack;
  const triggered = `${name}, with the trigger ${oneLine(trigger.name)} for the class ${oneLine(target.name)}`;
  return [clean, { task: TASK, dataset: { ...dataset, name: triggered }, metrics: metricsOf(true) }];
}
