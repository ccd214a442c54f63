// Writes docs/results/emoji-world.md: runs the whole study on the zoo (every attack, RVPT and its control on three seeds)
// and the trade-off over alpha, and puts the figures into tables. What is finished under runs/study is not run again.
// Usage: npm run results
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { format, resolveConfig } from 'prettier';

const { meanInterval } = await import('../dist/src/evaluation/mean-interval.js');

const alphas = [0, 1, 2, 4, 8];

/** @param {readonly string[]} options */
function demo(...options) {
  const output = execFileSync(process.execPath, ['dist/cli/main.js', 'demo', '--json', ...options], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(output);
}

const percent = (/** @type {number} */ rate) => (100 * rate).toFixed(1);
const mean = (/** @type {readonly number[]} */ values) => meanInterval(values).mean;

/** Mean and half its 95 % interval over seeds. @param {readonly number[]} values */
function meanOf(values) {
  const { mean: value, half } = meanInterval(values);
  return half === undefined ? percent(value) : `${percent(value)} ± ${(100 * half).toFixed(1)}`;
}

/** @param {readonly (readonly string[])[]} rows */
const table = ([head, ...rows]) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

const study = ['rvpt', 'vpt'].flatMap(
  (method) => demo('--models', 'all', '--seeds', '3', '--method', method, '--out', 'runs/study').models,
);
const sweep = alphas.map((alpha) => ({
  alpha,
  models: demo(
    '--models',
    'badnet',
    '--models',
    'badclip',
    '--alpha',
    String(alpha),
    '--split',
    'validation',
    '--out',
    `runs/study-alpha-${alpha}`,
  ).models,
}));
const zoo = JSON.parse(readFileSync('assets/zoo/zoo.json', 'utf8'));
const settings = JSON.parse(readFileSync('runs/study/runs/badnet-rvpt-0/config.json', 'utf8')).settings;

const groups = Map.groupBy
  ? Map.groupBy(study, (m) => `${m.attack} ${m.method}`)
  : study.reduce(
      (map, m) => map.set(`${m.attack} ${m.method}`, [...(map.get(`${m.attack} ${m.method}`) ?? []), m]),
      new Map(),
    );
const [clean] = zoo.models;
const defended = [...groups.values()].map((group) => {
  const [first] = group;
  const all = (/** @type {(m: any) => number} */ of) => meanOf(group.map(of));
  return [
    first.attack,
    first.method,
    percent(first.before.ca),
    all((m) => m.after.ca),
    percent(first.before.asr_strict),
    all((m) => m.after.asr_strict),
    percent(first.clean_pa),
    percent(first.before.pa),
    all((m) => m.after.pa),
    `${first.pr_before.toFixed(2)} → ${mean(group.map((m) => m.pr_after)).toFixed(2)}`,
  ];
});

const verdicts = [...groups.values()]
  .filter(([first]) => first.method === 'rvpt')
  .map((group) => {
    const [first] = group;
    const bound = first.attack === 'badclip' ? 0.1 : 0.05;
    const asr = mean(group.map((m) => m.after.asr_strict));
    const loss = first.before.ca - mean(group.map((m) => m.after.ca));
    const pa = mean(group.map((m) => m.after.pa)) / first.clean_pa;
    const control = mean(groups.get(`${first.attack} vpt`).map((m) => m.after.asr_strict));
    const word = (/** @type {boolean} */ holds) => (holds ? 'yes' : '**no**');
    return [
      first.attack,
      `${word(asr <= bound)} (${percent(asr)}, at most ${percent(bound)})`,
      `${word(loss <= 0.03)} (${(100 * loss).toFixed(1)} points lost)`,
      `${word(pa >= 0.8)} (${(100 * pa).toFixed(0)} % of the clean model's)`,
      `${word(control > bound)} (${percent(control)})`,
    ];
  });

const page = `# Results on the emoji world

Made by \`npm run build && npm run results\` on ${cpus()[0].model}, ${availableParallelism()} cores, with rvpt ${zoo.versions.rvpt}, onnxruntime ${zoo.versions.onnxruntime}, Node ${process.versions.node}. This page is written by that command; what it means is in [the emoji world](../emoji-world.md) and [deviations](../deviations.md).

## The zoo

Zero-shot figures on test scenes (${zoo.test.per_class} a class), in %. Target: ${zoo.target}. ASR is strict; the attack is measured on the styles that training saw.

${table([
  ['model', 'CA, task A', 'ASR', 'PA', 'CA, unseen style', 'CA, monochrome', 'CA, task B'],
  ...zoo.models.map((m) => [
    m.name,
    percent(m.a.ca),
    m.a.asr_strict === undefined ? '' : percent(m.a.asr_strict),
    m.a.pa === undefined ? '' : percent(m.a.pa),
    percent(m.a_unseen.ca),
    percent(m.a_mono.ca),
    percent(m.b.ca),
  ]),
])}

## Cured

16 images a class to cure with, 12 to test on (CA of the clean model on task A: ${percent(clean.a.ca)} %). "vpt" is the matched control: the same images, prompts, optimiser and steps with alpha 0. Means and 95 % intervals over three seeds (Student's t), in %; PR is the mean over blocks under the trigger.

${table([
  [
    'attack',
    'cure',
    'CA before',
    'CA after',
    'ASR before',
    'ASR after',
    'PA, clean model',
    'PA before',
    'PA after',
    'PR',
  ],
  ...defended,
])}

## What was asked for, and what holds

${table([['attack', 'ASR low enough', 'CA within 3 points', 'PA at least 80 % of the clean model’s', 'control stays above'], ...verdicts])}

## The trade-off over alpha

On validation scenes, one seed, everything else as above.

${table([
  ['alpha', ...sweep[0].models.flatMap((m) => [`${m.attack}: CA`, 'ASR', 'PA'])],
  ...sweep.map(({ alpha, models }) => [
    String(alpha),
    ...models.flatMap((m) => [percent(m.after.ca), percent(m.after.asr_strict), percent(m.after.pa)]),
  ]),
])}

## Settings

\`\`\`json
${JSON.stringify(settings, undefined, 1)}
\`\`\`
`;
const file = 'docs/results/emoji-world.md';
writeFileSync(file, await format(page, { ...(await resolveConfig(file)), parser: 'markdown' }));
