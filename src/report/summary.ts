import type { Figures } from '../evaluation/comparison.js';
import { counted, percent } from './format.js';
import { html, type Html } from './html.js';
import type { ReportModel } from './report-data.js';
import type { Stage } from './stages.js';

/** A rate as it is told: in plain words first, then by its name in the field. */
interface Metric {
  /** What the rate is a share of, and which share; `target` names the attackers' class. */
  readonly plain: (target: Html) => Html;
  readonly name: string;
  readonly better: 'lower' | 'higher';
  /** Undefined where there was no attack. */
  readonly of: (figures: Figures) => Rate | undefined;
}

interface Rate {
  readonly rate: number;
  readonly interval: readonly [number, number];
  readonly n: number;
}

const strictAsr: Metric = {
  plain: (target) => html`Pictures with the trigger that are taken for ${target}`,
  name: 'Attack success rate (ASR), strict',
  better: 'lower',
  of: ({ attacked }) =>
    attacked && { rate: attacked.asr_strict, interval: attacked.asr_strict_interval, n: attacked.asr_strict_n },
};

const poisonedAccuracy: Metric = {
  plain: () => html`Pictures with the trigger that are still recognised`,
  name: 'Accuracy under attack (PA)',
  better: 'higher',
  of: ({ attacked }) => attacked && { rate: attacked.pa, interval: attacked.pa_interval, n: attacked.asr_inclusive_n },
};

const cleanAccuracy: Metric = {
  plain: () => html`Pictures without the trigger that are recognised`,
  name: 'Clean accuracy (CA)',
  better: 'higher',
  of: ({ clean }) => ({ rate: clean.ca, interval: clean.ca_interval, n: clean.n }),
};

const inclusiveAsr: Metric = {
  plain: (target) => html`The first, with pictures that do show ${target} counted as well`,
  name: 'Attack success rate, inclusive',
  better: 'lower',
  of: ({ attacked }) =>
    attacked && {
      rate: attacked.asr_inclusive,
      interval: attacked.asr_inclusive_interval,
      n: attacked.asr_inclusive_n,
    },
};

/** What each card says. */
const cardMetrics = [strictAsr, poisonedAccuracy, cleanAccuracy];
const allMetrics = [...cardMetrics, inclusiveAsr];

const anyTarget = html`the attackers’ class`;

function targetOf({ comparison }: ReportModel): Html {
  return comparison?.attack === undefined ? anyTarget : html`<q>${comparison.attack.target.name}</q>`;
}

/** The figures that matter, large. */
export function cards(model: ReportModel, stages: readonly Stage[]): Html {
  const shown = cardMetrics.map((metric) => card(metric, targetOf(model), stages));
  return html`<div class="cards">${shown}</div>`;
}

function card({ plain, name, better, of }: Metric, target: Html, stages: readonly Stage[]): Html | undefined {
  const rates = stages.flatMap((stage) => {
    const rate = of(stage.figures);
    return rate === undefined ? [] : [{ ...stage, ...rate }];
  });
  if (rates.length === 0) return undefined;
  const [before, after] = rates;
  return html`<div class="card">
    <h3>${plain(target)}</h3>
    <p class="change">
      <span class="before">${percent(before.rate)}</span>
      <span class="arrow" aria-label="to">→</span>
      <span class="after">${percent(after.rate)}</span>
    </p>
    <dl>${rates.map((rate) => bar(rate))}</dl>
    <p class="small">${name}: ${better} is better. Of ${counted(after.n, 'picture')}; thin lines are 95 % intervals.</p>
  </div>`;
}

function bar({ key, label, rate, interval: [low, high] }: Pick<Stage, 'key' | 'label'> & Rate): Html {
  const width = (share: number): string => (100 * share).toFixed(2);
  return html`<dt>${label}</dt>
    <dd>
      <span class="bar ${key}" aria-hidden="true">
        <span class="fill" style="width:${width(rate)}%"></span>
        <span class="interval" style="left:${width(low)}%;width:${width(high - low)}%"></span>
      </span>
      <span class="number">${percent(rate)}</span>
    </dd>`;
}

/** Every rate with its interval and the number of images it is of. */
export function ratesTable(model: ReportModel, stages: readonly Stage[]): Html {
  const rows = allMetrics.map(({ plain, name, of }) => {
    const cells = stages.map(({ figures }) => of(figures));
    const count = cells[0]?.n;
    if (count === undefined) return undefined;
    return html`<tr>
      <th scope="row">${name}<span class="small">${plain(targetOf(model))}</span></th>
      ${cells.map((rate) => html`<td>${rate && rateCell(rate)}</td>`)}
      <td>${count}</td>
    </tr>`;
  });
  const labels = stages.map(({ key, label }) => html`<th scope="col" class="${key}">${label}</th>`);
  return html`<div class="scroll">
    <table class="rates">
      <thead>
        <tr>
          <th scope="col">rate</th>
          ${labels}
          <th scope="col">images</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}

function rateCell({ rate, interval: [low, high] }: Rate): Html {
  return html`<b>${percent(rate)}</b><span class="small">${percent(low)} – ${percent(high)}</span>`;
}

/** Below this the attack was no success to begin with. */
const WEAK_ATTACK = 0.5;
/** A loss of clean accuracy that is worth a word. */
const COSTLY = 0.03;

/** What a reader of the figures should know, in sentences. */
export function remarks({ comparison, control }: ReportModel): string[] {
  if (comparison === undefined) return [];
  const { before, after, skipped, attack } = comparison;
  const said: string[] = [];
  if (attack === undefined) {
    said.push('No trigger was measured: this shows what the defense costs, not what it is good for.');
  }
  if (before.attacked !== undefined && before.attacked.asr_strict < WEAK_ATTACK) {
    said.push(
      `The attack succeeded on ${percent(before.attacked.asr_strict)} of the pictures even before: what the defense is good for shows better on an attack that works.`,
    );
  }
  const lost = before.clean.ca - after.clean.ca;
  if (lost > COSTLY) said.push(`The defense cost ${(100 * lost).toFixed(1)} points of clean accuracy.`);
  if (control !== undefined) {
    said.push(
      'The control was tuned on the same images with the same settings, but without repelling: what it achieves is owed to tuning alone.',
    );
  }
  if (skipped.length > 0) said.push(`Left out because it could not be decoded: ${counted(skipped.length, 'image')}.`);
  return said;
}
