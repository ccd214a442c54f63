import { z } from 'zod';

import type { PoisonManifest } from '../src/attack/poison/manifest.js';
import type { HubOrigin } from '../src/core/hub-origin.js';
import { inspectCheckpoint, type InspectReport } from '../src/model/inspect.js';
import { locateModel } from '../src/node/model-location.js';
import { openCheckpointAt } from '../src/node/open-checkpoint.js';
import { poisonManifestOf } from '../src/node/poison-manifest.js';
import { architectureShape, modelHelp } from './architecture-options.js';
import { defineCommand } from './command.js';
import type { Format } from './output.js';

export const inspect = defineCommand({
  name: 'inspect',
  summary: 'tell what a checkpoint holds, without executing anything in it',
  positionals: ['model'],
  options: z.object({
    model: z.string().describe(modelHelp),
    ...architectureShape,
  }),
  examples: [
    { description: 'a folder as Hugging Face has it', command: 'inspect models/clip-vit-base-patch32' },
    { description: 'a file that nobody vouches for, for a script', command: 'inspect epoch_5.pt --json' },
    { description: 'a model of the zoo, and how it was poisoned', command: 'inspect zoo:badnet' },
    { description: 'a model of the Hugging Face Hub', command: 'inspect hf:openai/clip-vit-base-patch32' },
    { description: 'a model whose head count no file tells', command: 'inspect tiny.pt --vision-heads 3' },
  ],
  async run({ progress, signal, note }, { model, ...architecture }) {
    const { path, origin } = await locateModel(model, { progress, signal, note });
    await using checkpoint = await openCheckpointAt(path);
    const report = await inspectCheckpoint(checkpoint, architecture);
    const manifest = await poisonManifestOf(path, report.sha256);
    return {
      data: {
        ...report,
        ...(origin === undefined ? {} : { origin }),
        ...(manifest === undefined ? {} : { poisoning: poisoningOf(manifest) }),
      },
      text: (format) =>
        [describe(report, format), ...originLines(origin, format), ...poisoningLines(manifest, format)].join('\n'),
    };
  },
});

function originLines(origin: HubOrigin | undefined, { colors }: Format): string[] {
  if (origin === undefined) return [];
  const { repository, endpoint, commit } = origin;
  return [`${colors.bold('from')}       ${repository} at ${endpoint}, commit ${commit}`];
}

/** What a manifest beside the checkpoint says of how it was poisoned. */
function poisoningOf({ trigger, target, data, poisoned, base_model: base, seed }: PoisonManifest): object {
  const backdoor = poisoned.filter(({ kind }) => kind === 'backdoor').length;
  return { trigger, target, pairs: data.pairs, poisoned: backdoor, seed, base_model_sha256: base.sha256 };
}

function poisoningLines(manifest: PoisonManifest | undefined, { colors }: Format): string[] {
  if (manifest === undefined) return [];
  const { trigger, target, data, poisoned } = manifest;
  const backdoor = poisoned.filter(({ kind }) => kind === 'backdoor').length;
  const what = `${trigger.name} for ${JSON.stringify(target)} on ${backdoor} of ${data.pairs} pairs`;
  return [`${colors.red('poisoned')}   ${what}, by its manifest`];
}

function describe(report: InspectReport, { colors, table }: Format): string {
  const { vision, text, embed_dim: embedDim } = report.architecture;
  const count = (value: number): string => value.toLocaleString('en');
  const dtypes = Object.entries(report.dtypes).map(([dtype, tensors]) => `${tensors} ${dtype}`);
  const facts = [
    ['format', report.format],
    ['files', report.files.join(', ')],
    ['sha256', report.sha256],
    ['tensors', dtypes.join(', ')],
    ['embedding', String(embedDim)],
  ];
  const end = text.end_of_text === 'argmax' ? 'highest id' : `id ${text.end_of_text}`;
  const towers = table(
    ['tower', 'input', 'width', 'layers', 'heads', 'MLP', 'activation', 'parameters'],
    [
      [
        'vision',
        `${vision.image_size} px in patches of ${vision.patch_size}`,
        ...[vision.width, vision.layers, vision.heads, vision.mlp_width],
        vision.activation,
        count(report.parameters.vision),
      ],
      [
        'text',
        `${text.context_length} of ${text.vocabulary_size} tokens, read at the ${end}`,
        ...[text.width, text.layers, text.heads, text.mlp_width],
        text.activation,
        count(report.parameters.text),
      ],
    ],
  );
  const warnings = [
    ...report.nan_tensors.map(
      (one) => `${one.name}: ${count(one.not_finite)} of ${count(one.elements)} values are not finite`,
    ),
    ...report.constant_tensors.map((name) => `${name}: all its values are the same`),
  ];
  return [
    ...facts.map(([name, value]) => `${colors.bold(name.padEnd(10))} ${value}`),
    towers,
    `${colors.bold('parameters')} ${count(report.parameters.total)}`,
    ...report.assumptions.map((line) => `${colors.yellow('assumed')}    ${line}`),
    ...warnings.map((line) => `${colors.red('warning')}    ${line}`),
  ].join('\n');
}
