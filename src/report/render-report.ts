import { rateCharts } from './charts.js';
import { figure } from './figure.js';
import { html, trusted, type Html } from './html.js';
import { modelSection } from './model-section.js';
import type { ReportData } from './report-data.js';
import { pageScript } from './script.js';
import { legend, stageKeys, stagesOf } from './stages.js';
import { styleSheet } from './style.js';
import { overviewTable } from './summary.js';

/**
 * A report as one HTML file that loads nothing: no network, figures drawn, images inside. The same data give the same
 * text. Every string of the data is escaped, and a content security policy keeps the page from running anything but
 * its own script.
 */
export async function renderReport({ title, models }: ReportData): Promise<string> {
  const sections: Html[] = [];
  for (const [i, model] of models.entries()) sections.push(await modelSection(model, `model-${i + 1}`));
  const policy = [
    "default-src 'none'",
    'img-src data:',
    "style-src 'unsafe-inline'",
    `script-src 'sha256-${await sha256Base64(pageScript)}'`,
  ].join('; ');
  // no white space may come in between: the policy names the script by its hash
  const script = trusted(`<script>${pageScript}</script>`);
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <style>
          ${trusted(styleSheet)}
        </style>
      </head>
      <body>
        <header>
          <h1>${title}</h1>
          <p class="lead">
            A backdoored model answers with the attackers' class wherever their trigger is in the picture. This page
            shows how models behaved before and after they were defended.
          </p>
        </header>
        <main>${await overview(models)} ${sections}</main>
        <footer>${words}</footer>
        ${script}
      </body>
    </html> `;
  return page.text;
}

/** All models side by side, where there are several. */
async function overview(models: ReportData['models']): Promise<Html | undefined> {
  if (models.length === 1) return undefined;
  const measured = models.map((model) => ({ model, name: model.name, stages: stagesOf(model) }));
  const charts = rateCharts(measured);
  const present = measured.flatMap(({ stages }) => stages);
  const shown = stageKeys.filter((key) => present.some((stage) => stage.key === key));
  return html`<nav aria-label="Models">
      <ul>
        ${models.map(({ name }, i) => html`<li><a href="#model-${i + 1}">${name}</a></li>`)}
      </ul>
    </nav>
    <section id="overview">
      <h2>Overview</h2>
      ${overviewTable(measured)}
      ${
        charts.length > 0 &&
        html`<h3>Rates with their 95 % intervals</h3>
          ${await figure({ id: 'rates', charts, legend: legend(shown.map((key) => ({ key, label: key }))), caption: 'Points are rates, lines intervals.' })}`
      }
    </section>`;
}

const words = html`<h3>Words in this report</h3>
  <dl class="words">
    <dt>Clean accuracy (CA)</dt>
    <dd>Share of pictures without a trigger that are given their true class.</dd>
    <dt>Attack success rate (ASR)</dt>
    <dd>
      Share of pictures with the trigger that are given the attackers' class. Strict: pictures that do show that class
      are left out; inclusive: they count.
    </dd>
    <dt>Accuracy under attack (PA)</dt>
    <dd>Share of pictures with the trigger that are given their true class all the same.</dd>
    <dt>Perturbation resistivity (PR)</dt>
    <dd>Cosine between the class tokens of a picture and of the same picture changed, after each block.</dd>
    <dt>95 % interval</dt>
    <dd>Wilson's: what rates of all such pictures fit the ones that were measured.</dd>
  </dl>`;

async function sha256Base64(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}
