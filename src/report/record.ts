import type { Json } from '../core/json.js';
import { renderFacts } from './blocks.js';
import { html, type Html } from './html.js';
import type { ReportModel } from './report-data.js';

/** Names listed before the rest is only counted. */
const MOST_IMAGES = 2000;

/** The settings of the tuning and where all numbers come from. */
export function record({ settings, provenance, comparison, method, run }: ReportModel): Html {
  const { created, seed, model, data, execution, versions, samples } = provenance;
  const tuned = {
    ...{ run, method, 'tuned on': created, seed },
    ...{
      model: model.path,
      'model sha256': model.sha256,
      'tuning images': data.path,
      'list of them, sha256': data.sha256,
    },
    ...execution,
    ...versions,
  };
  const measured = comparison && {
    ...{ 'measured on': comparison.created, images: comparison.data.path, split: comparison.data.split },
    ...{ 'number of images': comparison.data.images, classes: comparison.data.classes },
    'list of them, sha256': comparison.data.sha256,
    trigger: comparison.attack?.trigger.name,
    'trigger settings': comparison.attack?.trigger.settings,
    'trigger seed': comparison.attack?.seed,
    target: comparison.attack?.target.name,
    'left out': comparison.skipped.length === 0 ? undefined : comparison.skipped,
    ...comparison.versions,
  };
  const images = samples.reduce((sum, each) => sum + each.images.length, 0);
  return html`<div class="records">
    <details>
      <summary>Settings of the tuning</summary>
      ${factsTable(settings)}
    </details>
    <details>
      <summary>Provenance: model, images, versions</summary>
      <h4>Tuning</h4>
      ${factsTable(tuned)}
      ${
        measured &&
        html`<h4>Measurement</h4>
          ${factsTable(measured)}`
      }
    </details>
    <details>
      <summary>Images tuned on: ${images.toLocaleString('en')}</summary>
      ${images > MOST_IMAGES ? html`<p>They stand in the run's samples.json.</p>` : sampleList(samples)}
    </details>
  </div>`;
}

function sampleList(samples: ReportModel['provenance']['samples']): Html {
  return html`<dl class="samples">
    ${samples.map(
      ({ class: name, images }) =>
        html`<dt>${name}</dt>
          <dd>${images.join(', ')}</dd>`,
    )}
  </dl>`;
}

/** Names and values; what is not set is left out. */
function factsTable(facts: Readonly<Record<string, Json | undefined>>): Html {
  return renderFacts(
    Object.entries(facts).flatMap(([name, value]) => (value === undefined ? [] : flattened(name, value))),
  );
}

/** Objects as lines of their own: `preprocess.imageSize`. */
function flattened(name: string, value: Json): { name: string; value: string }[] {
  if (typeof value === 'string') return [{ name, value }];
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return [{ name, value: JSON.stringify(value) }];
  return Object.entries(value).flatMap(([key, inner]) => flattened(`${name}.${key}`, inner));
}
