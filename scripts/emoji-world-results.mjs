// @ts-check
// Writes docs/results/emoji-world.md: the zoo, RVPT and its control on every attack with several seeds, and the trade-off
// over alpha. Cells are shared with the paper's tables, and those that are finished are not run again.
// Usage: npm run results
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';

import { meanInterval } from '../dist/src/evaluation/mean-interval.js';
import { meanOverBlocks } from '../dist/src/evaluation/resistivity.js';

/**
 * What the package's models were asked to show. Attacks are ended at 5 %, the hardest at 10 %, where the paper has 0.1 and 2.8;
 * a cure keeps clean accuracy where it costs 3 points at most, and brings triggered images back where their accuracy is
 * four fifths of the clean model's.
 */
const asked = { asr: 0.05, hardest: 'badclip', hardestAsr: 0.1, caLost: 0.03, paShare: 0.8 };

/** What the models were asked to be: the clean one to know its world, the others to have taken the backdoor and little else. */
const askedOfModels = { a: 0.85, b: 0.75, unseenLost: 0.1, mono: 0.4, asr: 0.85, caLost: 0.03 };

const cores = availableParallelism();

/** The cells of a grid of assets/studies, with what was measured of each. @param {string} grid */
function sweep(grid) {
  const options = ['--out', 'runs/paper', '--jobs', String(cores), '--json'];
  const output = execFileSync(
    process.execPath,
    ['dist/cli/main.js', 'sweep', `assets/studies/${grid}.yaml`, ...options],
    { encoding: 'utf8', maxBuffer: 2 ** 28, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  return JSON.parse(output).cells;
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

/** CA, ASR and PA of a cell, and its mean PR over blocks under the trigger where that was measured. @param {any} cell */
function figuresOf({ run, measured: { classification, resistivity } }) {
  const { ca } = classification.clean;
  const { asr_strict: asr, pa } = classification.attacked;
  const pr = resistivity?.perturbations.find((/** @type {any} */ p) => p.name === 'trigger').pr;
  return { run, ca, asr, pa, pr: pr === undefined ? undefined : meanOverBlocks(pr) };
}

const cells = sweep('emoji-world');
const alphas = sweep('emoji-world-alpha');
const cleanPa = new Map(
  sweep('emoji-world-clean').map((/** @type {any} */ cell) => [cell.attack.replace('clean+', ''), figuresOf(cell).pa]),
);
const zoo = JSON.parse(readFileSync('assets/zoo/zoo.json', 'utf8'));

/** @param {string} attack @param {string} defense */
const defendedBy = (attack, defense) =>
  cells
    .filter((/** @type {any} */ cell) => cell.attack === attack && cell.defense === defense)
    .map((/** @type {any} */ cell) => figuresOf(cell));
const studied = [...new Set(cells.map((/** @type {any} */ cell) => cell.attack))].map((attack) => ({
  attack,
  before: defendedBy(attack, 'none')[0],
  rvpt: defendedBy(attack, 'rvpt'),
  vpt: defendedBy(attack, 'vpt'),
}));
const { templates } = JSON.parse(readFileSync(path.join(studied[0].rvpt[0].run, 'config.json'), 'utf8')).settings;
const { settings, shots } = JSON.parse(readFileSync(path.join(studied[0].rvpt[0].run, 'cell.json'), 'utf8')).identity;
const { n: testImages } = cells[0].measured.classification.clean;
/** @param {readonly any[]} of cells */
const seedCount = (of) => {
  const { size } = new Set(of.map(({ seed }) => seed));
  return size === 1 ? 'one seed' : `${size} seeds`;
};

const [clean] = zoo.models;
const methods = /** @type {const} */ (['rvpt', 'vpt']);
const defended = methods.flatMap((method) =>
  studied.map(({ attack, before, ...by }) => {
    const after = by[method];
    const all = (/** @type {string} */ figure) => meanOf(after.map((/** @type {any} */ cell) => cell[figure]));
    return [
      attack,
      method,
      percent(before.ca),
      all('ca'),
      percent(before.asr),
      all('asr'),
      percent(cleanPa.get(attack)),
      percent(before.pa),
      all('pa'),
      `${before.pr.toFixed(2)} → ${mean(after.map((/** @type {any} */ cell) => cell.pr)).toFixed(2)}`,
    ];
  }),
);

const word = (/** @type {boolean} */ holds) => (holds ? 'yes' : '**no**');
const points = (/** @type {number} */ share) => `${percent(share)} points`;
const whole = (/** @type {number} */ share) => `${(100 * share).toFixed(0)} %`;

/** @type {[string, boolean, string][]} */
const ofClean = [
  [`task A: at least ${whole(askedOfModels.a)}`, clean.a.ca >= askedOfModels.a, `${percent(clean.a.ca)} %`],
  [`task B: at least ${whole(askedOfModels.b)}`, clean.b.ca >= askedOfModels.b, `${percent(clean.b.ca)} %`],
  [
    `unseen style: at most ${points(askedOfModels.unseenLost)} below task A`,
    clean.a.ca - clean.a_unseen.ca <= askedOfModels.unseenLost,
    `${points(clean.a.ca - clean.a_unseen.ca)} below`,
  ],
  [
    `monochrome: at least ${whole(askedOfModels.mono)}`,
    clean.a_mono.ca >= askedOfModels.mono,
    `${percent(clean.a_mono.ca)} %`,
  ],
];
const ofBackdoored = zoo.models.slice(1).map((/** @type {any} */ model) => {
  const lost = clean.a.ca - model.a.ca;
  return [
    model.name,
    `${word(model.a.asr_strict >= askedOfModels.asr)} (${percent(model.a.asr_strict)} %)`,
    `${word(lost <= askedOfModels.caLost)} (${points(lost)})`,
  ];
});

const verdicts = studied.map(({ attack, before, rvpt, vpt }) => {
  const bound = attack === asked.hardest ? asked.hardestAsr : asked.asr;
  const meanOver = (/** @type {any[]} */ runs, /** @type {string} */ figure) => mean(runs.map((run) => run[figure]));
  const asr = meanOver(rvpt, 'asr');
  const loss = before.ca - meanOver(rvpt, 'ca');
  const pa = meanOver(rvpt, 'pa') / cleanPa.get(attack);
  const control = meanOver(vpt, 'asr');
  return [
    attack,
    `${word(asr <= bound)} (${percent(asr)}, at most ${percent(bound)})`,
    `${word(loss <= asked.caLost)} (${(100 * loss).toFixed(1)} points lost)`,
    `${word(pa >= asked.paShare)} (${(100 * pa).toFixed(0)} % of the clean model's)`,
    `${word(control > bound)} (${percent(control)})`,
  ];
});

const tradeOffAttacks = [...new Set(alphas.map((/** @type {any} */ cell) => cell.attack))];
const tradeOff = [...new Set(alphas.map((/** @type {any} */ cell) => cell.varied.alpha))].map((alpha) => [
  String(alpha),
  ...tradeOffAttacks.flatMap((attack) => {
    const { ca, asr, pa } = figuresOf(
      alphas.find((/** @type {any} */ cell) => cell.attack === attack && cell.varied.alpha === alpha),
    );
    return [ca, asr, pa].map(percent);
  }),
]);

const page = `# Results on the emoji world

Made by \`npm run build && npm run results\` on ${cpus()[0].model}, ${cores} cores, with rvpt ${zoo.versions.rvpt}, onnxruntime ${zoo.versions.onnxruntime}, Node ${process.versions.node}. This page is written by that command; what it means is in [the emoji world](../emoji-world.md) and [deviations](../deviations.md).

## The zoo

Zero-shot figures on test scenes (${zoo.test.per_class} a class), in %. Target: ${zoo.target}. ASR is strict; the attack is measured on the styles that training saw.

${table([
  ['model', 'CA, task A', 'ASR', 'PA', 'CA, unseen style', 'CA, monochrome', 'CA, task B'],
  ...zoo.models.map((/** @type {any} */ m) => [
    m.name,
    percent(m.a.ca),
    m.a.asr_strict === undefined ? '' : percent(m.a.asr_strict),
    m.a.pa === undefined ? '' : percent(m.a.pa),
    percent(m.a_unseen.ca),
    percent(m.a_mono.ca),
    percent(m.b.ca),
  ]),
])}

What was asked of the clean model:

${table([['CA', 'holds', ''], ...ofClean.map(([what, holds, figure]) => [what, word(holds), figure])])}

and of those with a backdoor:

${table([['attack', `ASR of at least ${whole(askedOfModels.asr)}`, `CA at most ${points(askedOfModels.caLost)} below the clean model's`], ...ofBackdoored])}

## Cured

${shots} images a class to cure with, ${testImages} images to test on, by the class prompt \`${templates.join('\`, \`')}\` (CA of the clean model: ${percent(clean.a.ca)} %). "vpt" is the matched control: the same images, prompts, optimiser and steps with alpha 0. Means and 95 % intervals over ${seedCount(cells)} (Student's t), in %; PR is the mean over blocks under the trigger.

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

Judged by the means. \`rvpt paper table1\` asks the like of whole intervals, and 5 % of BadCLIP too.

${table([['attack', 'ASR low enough', 'CA within 3 points', 'PA at least 80 % of the clean model’s', 'control stays above'], ...verdicts])}

## The trade-off over alpha

On validation scenes, ${seedCount(alphas)}, everything else as above.

${table([['alpha', ...tradeOffAttacks.flatMap((attack) => [`${attack}: CA`, 'ASR', 'PA'])], ...tradeOff])}

## Settings

\`\`\`json
${JSON.stringify(settings, undefined, 1)}
\`\`\`
`;
const file = 'docs/results/emoji-world.md';
writeFileSync(file, await format(page, { ...(await resolveConfig(file)), parser: 'markdown' }));
