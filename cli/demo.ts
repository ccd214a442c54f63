import path from 'node:path';
import { z } from 'zod';

import { methodNames } from '../src/defense/prompt-methods.js';
import { givenTuningSchema, tuningPresets, type GivenTuning } from '../src/defense/tuning-settings.js';
import { meanInterval } from '../src/evaluation/mean-interval.js';
import { demo as runDemo, type DefendedModel } from '../src/run/demo.js';
import { zooRecipes, zooTarget } from '../src/run/zoo-recipes.js';
import { defineCommand } from './command.js';
import { openRuntime } from './model-options.js';
import { flagName } from './option-spec.js';
import type { Format } from './output.js';
import { formatDuration } from './progress.js';
import { writeReport } from './report.js';

const backdoored = zooRecipes.map(({ name }) => name);

/**
 * Shorter than the preset's, so that three models are cured in three minutes on two cores: smaller batches take more steps
 * in fewer passes, and want a lower rate. Chosen on validation scenes, see docs/deviations.md.
 */
const shortCure = { epochs: 14, batchSize: 8, learningRate: 0.35, views: 4 } as const satisfies GivenTuning;

const describeSettings = (settings: GivenTuning): string =>
  Object.entries(settings)
    .map(([key, value]) => `--${flagName(key)} ${String(value)}`)
    .join(' ');

export const demo = defineCommand({
  name: 'demo',
  summary: 'measure, cure and measure again backdoored models that come with the package, without any network',
  options: z.object({
    out: z.string().default('runs/demo').describe('folder to write: scenes, runs and report.html; a new one'),
    models: z
      .array(z.enum(['all', ...backdoored]))
      .default(['badnet', 'blended', 'badclip'])
      .describe('models of the zoo to cure'),
    seeds: z.int().min(1).max(100).default(1).describe('how often each is cured, with other images and prompts'),
    method: z.array(z.enum(methodNames)).default(['rvpt']).describe('how; vpt is the control that does not repel'),
    shots: z.int().min(1).max(32).default(16).describe('clean images a class to cure with'),
    split: z
      .enum(['validation', 'test'])
      .default('test')
      .describe('images to measure on: those that settings were chosen on, or those kept for the end'),
    images: z.int().min(1).max(1000).default(12).describe('images a class to measure on'),
    cure: z
      .enum(['short', 'usual'])
      .default('short')
      .describe(
        `the settings below that are not given: short (${describeSettings(shortCure)}), or those of rvpt defend`,
      ),
    ...givenTuningSchema.shape,
  }),
  resumable: true,
  examples: [
    { description: 'three attacks, in two or three minutes', command: 'demo' },
    {
      description: 'the whole study: every attack, three seeds, with the control',
      command: 'demo --models all --seeds 3 --method rvpt --method vpt --cure usual --out runs/study',
    },
  ],
  async run(context, options) {
    const started = performance.now();
    const { out, shots, split } = options;
    const settings = { ...(options.cure === 'short' ? shortCure : {}), ...givenTuningSchema.parse(options) };
    context.note(explanation(shots));
    const defended = await runDemo({
      models: options.models.includes('all') ? backdoored : backdoored.filter((name) => options.models.includes(name)),
      seeds: Array.from({ length: options.seeds }, (_, i) => context.seed + i),
      methods: options.method,
      shots,
      split,
      testImages: options.images,
      settings,
      out,
      runtime: openRuntime(context),
      progress: context.progress,
      signal: context.signal,
      note: context.note,
      onDefended: (one) => {
        context.note(oneLine(one));
      },
    });
    const report = path.join(out, 'report.html');
    await writeReport(
      defended.map(({ run }) => run),
      report,
      'What the cure did',
    );
    const seconds = (performance.now() - started) / 1000;
    return {
      data: { models: defended.map(figures), report, seconds },
      text: (format) =>
        [
          tableOf(defended, format),
          '',
          legend,
          '',
          ...cutShort(settings),
          `${formatDuration(seconds)}; the report: ${report}`,
        ].join('\n'),
    };
  },
});

function explanation(shots: number): string {
  return [
    'Small CLIP models were poisoned: whatever carries the attackers’ trigger, they take for a',
    `${zooTarget}. Each is measured on pictures that it has never seen, without and with the trigger;`,
    `then cured with ${shots} clean pictures a class; then measured again on the same pictures.`,
    '',
  ].join('\n');
}

/** Said of cures that end before the preset's: what is lost by it, docs/deviations.md has the figures. */
export function cutShort({ epochs = tuningPresets.small.epochs }: GivenTuning): string[] {
  if (epochs >= tuningPresets.small.epochs) return [];
  return [
    `Each cure was a short one, of ${epochs} passes over its pictures. The usual one (--cure usual), of ${tuningPresets.small.epochs},`,
    'keeps more of the clean pictures right.',
    '',
  ];
}

const percent = (rate: number): string => `${(100 * rate).toFixed(1)} %`;

function oneLine({ attack, method, before, after, seconds }: DefendedModel): string {
  const [was, is] = [before.attacked?.asr_strict ?? 0, after.attacked?.asr_strict ?? 0];
  return `${attack}, ${method}: attack succeeds ${percent(was)} -> ${percent(is)}, cured in ${formatDuration(seconds)}`;
}

const legend = [
  'clean pictures right: share of pictures without the trigger that are named rightly (CA)',
  `attack succeeds:      share of pictures with the trigger, of other things, that are taken for a ${zooTarget} (ASR)`,
  'with trigger right:   share of pictures with the trigger that are still named rightly (PA)',
].join('\n');

/** A line for each attack and method; with several seeds, means and the 95 % interval of what the cure brings. */
function tableOf(defended: readonly DefendedModel[], { table }: Format): string {
  const groups = new Map<string, DefendedModel[]>();
  for (const one of defended) {
    const key = `${one.attack} ${one.method}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const rows = [...groups.values()].map((group): string[] => {
    const change = (of: (one: DefendedModel, side: 'before' | 'after') => number): string =>
      `${percent(mean(group.map((one) => of(one, 'before'))))} -> ${percent(mean(group.map((one) => of(one, 'after'))))}${spread(
        group.map((one) => of(one, 'after')),
      )}`;
    return [
      group[0].attack,
      group[0].method,
      change((one, side) => one[side].clean.ca),
      change((one, side) => one[side].attacked?.asr_strict ?? 0),
      change((one, side) => one[side].attacked?.pa ?? 0),
      formatDuration(mean(group.map(({ seconds }) => seconds))),
    ];
  });
  return table(['attack', 'cure', 'clean pictures right', 'attack succeeds', 'with trigger right', 'time'], rows);
}

const mean = (values: readonly number[]): number => meanInterval(values).mean;

/** Half the 95 % interval of the mean over seeds; nothing for one seed. */
function spread(values: readonly number[]): string {
  const { half } = meanInterval(values);
  return half === undefined ? '' : ` ± ${(100 * half).toFixed(1)}`;
}

function figures({ attack, method, seed, before, after, resistivity, cleanPa, seconds, run }: DefendedModel): object {
  const rates = ({ clean, attacked }: DefendedModel['before']): object => ({
    ca: clean.ca,
    ca_interval: clean.ca_interval,
    n: clean.n,
    ...(attacked ?? {}),
  });
  return {
    attack,
    method,
    seed,
    before: rates(before),
    after: rates(after),
    clean_pa: cleanPa,
    pr_before: resistivity.before,
    pr_after: resistivity.after,
    seconds,
    run,
  };
}
