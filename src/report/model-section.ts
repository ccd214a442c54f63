import { lossCharts, resistivityCharts } from './charts/run-charts.js';
import { figure } from './figure.js';
import { attentionMaps, gallery } from './gallery.js';
import { html, type Html } from './html.js';
import { marksExplained } from './picture-card.js';
import { record } from './record.js';
import type { ReportModel } from './report-data.js';
import { stagesOf } from './stages.js';
import { titleOf } from './title-of.js';
import { cards, ratesTable, remarks } from './summary.js';

/** Everything about one model, below its name. @param id of the section, unique in the page */
export async function modelSection(model: ReportModel, id: string): Promise<Html> {
  return html`${introduction(model)} ${await measured(model, id)} ${await tuning(model, id)}
    <h3>Settings and provenance</h3>
    ${record(model)}`;
}

function introduction({ comparison, method, run }: ReportModel): Html {
  const attack = comparison?.attack;
  const asked =
    attack === undefined
      ? undefined
      : html`Whoever planted the backdoor wants pictures with the trigger <q>${attack.trigger.name}</q> to be taken for
          <q>${attack.target.name}</q>.`;
  return html`<p class="lead">
    ${asked} The model was defended by
    ${titleOf(method)}${
      comparison && html`, and measured before and after on the same ${comparison.data.images} pictures`
    }.
    Run: <code>${run}</code>
  </p>`;
}

/** What there is once a run was measured, or how to get it. */
async function measured(model: ReportModel, id: string): Promise<Html> {
  const { comparison } = model;
  if (comparison === undefined) return missing(model);
  const stages = stagesOf(model);
  const notes = remarks(model);
  const { resistivity, attack } = comparison;
  const names = resistivity.perturbations.map(({ name }) => name);
  return html`${cards(model, stages)}
    ${
      notes.length > 0 &&
      html`<ul class="remarks">
        ${notes.map((note) => html`<li>${note}</li>`)}
      </ul>`
    }
    <h3>Rates</h3>
    ${ratesTable(model, stages)}
    <h3>How far small changes move the features</h3>
    ${await figure({
      id: `${id}-resistivity`,
      charts: resistivityCharts(names, stages),
      caption: html`Perturbation resistivity (PR): the cosine between what the model makes of a picture and of the same
      picture changed a little, after each block; mean over ${resistivity.n} pictures. 1 means that the change leaves no
      trace.${attack && html` The last chart is the trigger's.`} Scales differ.`,
    })}
    <h3>${attack === undefined ? 'Examples' : 'The same pictures with the trigger, before and after'}</h3>
    <p>
      Drawn at random, whatever the answers. Bars are probabilities of the three likeliest
      classes${attack && ' for the picture with the trigger'}: ${marksExplained(attack !== undefined)}.
    </p>
    ${gallery(comparison, stages)}
    <h3>Where the model looks</h3>
    <p>
      Attention of the class token to each patch in the last block, mean over heads. Bright is much; each map is scaled
      to its own strongest patch.
    </p>
    ${attentionMaps(comparison, stages)}`;
}

function missing({ run, provenance }: ReportModel): Html {
  return html`<div class="missing">
    <p>
      This run was not measured yet, so accuracy, attack success, resistivity and examples are missing. This adds them:
    </p>
    <pre><code>rvpt evaluate --model ${shellWord(provenance.model.path)} --prompts ${shellWord(run)} --data TEST_IMAGES \\
  --trigger TRIGGER --target CLASS --save</code></pre>
    <p>Without <code>--trigger</code> and <code>--target</code> it measures clean accuracy alone.</p>
  </div>`;
}

/** For a person to paste into a shell. */
function shellWord(text: string): string {
  return /^[\w./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

async function tuning({ history }: ReportModel, id: string): Promise<Html> {
  const { points, stepsPerPoint } = history;
  if (points.length === 0) {
    return html`<h3>Tuning</h3>
      <p>No step was recorded yet: <code>rvpt defend --resume</code> goes on with the run.</p>`;
  }
  const each = stepsPerPoint === 1 ? '' : ` Each point is the mean of ${stepsPerPoint} steps.`;
  return html`<h3>Tuning</h3>
    ${await figure({
      id: `${id}-tuning`,
      charts: lossCharts(history),
      caption: `What was minimised, its two parts, and the learning rate, by optimiser step.${each}`,
    })}`;
}
