import { fold, renderBlocks } from './blocks.js';
import { html, type Html } from './html.js';
import { modelSection } from './model-section.js';
import { contents, page } from './page.js';
import type { ReportData } from './report-data.js';
import { leftOut, summaryOfRuns } from './run-summary.js';

/** Models whose sections stand open; more are there to be opened. */
const MOST_OPEN = 4;

/** A report as one HTML file, light or dark as the reader has it, loading nothing. The same data give the same text; every string is escaped. */
export async function renderReport({ title, models }: ReportData): Promise<string> {
  const folded = models.length > MOST_OPEN;
  const sections: Html[] = [];
  for (const [i, model] of models.entries()) {
    const id = `model-${i + 1}`;
    sections.push(
      folded
        ? fold(model.name, id, await modelSection(model, id))
        : html`<section class="model" id="${id}">
            <h2>${model.name}</h2>
            ${await modelSection(model, id)}
          </section>`,
    );
  }
  return page({
    title,
    lead: `A backdoored model answers with the attackers' class wherever their trigger is in the picture. This page
      shows how models behaved before and after they were defended.`,
    main: [await overview(models), sections],
    footer: words,
  });
}

/** All runs side by side, where there are several. */
async function overview(models: ReportData['models']): Promise<Html | undefined> {
  if (models.length === 1) return undefined;
  const parts = models.map(({ name }, i) => ({ id: `model-${i + 1}`, name }));
  const missing = leftOut(models);
  return html`${contents('Models', parts)}
    <section id="overview">
      <h2>Overview</h2>
      ${missing && html`<p>${missing}</p>`} ${await renderBlocks(summaryOfRuns(models), 'overview')}
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
    <dd>
      Of one run: what rates of all such pictures fit the ones that were measured (Wilson). Of several: where the mean
      over all seeds lies, by Student's t.
    </dd>
  </dl>`;
