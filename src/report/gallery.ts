import type { Answer, Comparison, Example, Picture } from '../evaluation/comparison.js';
import { percent } from './format.js';
import { heatMap } from './heat-map.js';
import { html, type Html } from './html.js';
import type { Stage } from './stages.js';

type BeforeAfter = readonly Pick<Stage, 'key' | 'label'>[];

/** The same images before and after, with the answers of both models. */
export function gallery({ examples, attack }: Comparison, stages: BeforeAfter): Html {
  return html`<div class="gallery">
    ${examples.map((example) => exampleCard(example, attack?.target.name, stages))}
  </div>`;
}

function exampleCard({ label, clean, triggered }: Example, target: string | undefined, stages: BeforeAfter): Html {
  const asked = triggered ?? clean;
  const answers = [asked.before, asked.after].map(
    (answer, i) =>
      html`<div>
        <h5 class="${stages[i].key}">${stages[i].label}</h5>
        ${answerList(answer, label, target)}
      </div>`,
  );
  return html`<article class="example">
    <h4>${label}</h4>
    <div class="pictures">
      ${pictureFigure(clean, `${label}, as the model saw it`, 'clean')}
      ${triggered && pictureFigure(triggered, `${label} with the trigger`, 'with the trigger')}
    </div>
    ${triggered && html`<p class="small">Without the trigger: ${cleanAnswers(clean, label)}</p>`}
    <div class="answers">${answers}</div>
  </article>`;
}

/** The likeliest class of the clean image, before and after. */
function cleanAnswers({ before, after }: Picture, label: string): string {
  const named = ({ top }: Answer): string => `${top[0].class}${top[0].class === label ? ' ✓' : ''}`;
  return `${named(before)} before, ${named(after)} after.`;
}

/** What an answer is: right, what the attackers want, or something else. */
const marks = {
  true: html`<mark role="img" aria-label="true class">✓</mark>`,
  target: html`<mark role="img" aria-label="the attackers’ class">⚑</mark>`,
  other: undefined,
};

/** What the marks of a gallery mean. */
export function marksExplained({ attack }: Comparison): Html {
  return html`<span class="true">${marks.true} true class</span>${
      attack && html`, <span class="target">${marks.target} the attackers’ class</span>`
    }`;
}

function answerList({ top }: Answer, label: string, target: string | undefined): Html {
  const rows = top.map(({ class: name, probability }) => {
    const kind = name === label ? 'true' : name === target ? 'target' : 'other';
    return html`<li class="${kind}">
      <span class="fill" style="width:${(100 * probability).toFixed(2)}%"></span>
      <span class="name">${name} ${marks[kind]}</span> <span class="number">${percent(probability)}</span>
    </li>`;
  });
  return html`<ol>
    ${rows}
  </ol>`;
}

function pictureFigure(picture: Picture, alt: string, caption: string): Html {
  return html`<figure>
    <img src="data:image/png;base64,${picture.png}" alt="${alt}" />
    <figcaption>${caption}</figcaption>
  </figure>`;
}

/** Where the class token looks, laid over each image. */
export function attentionMaps({ examples }: Comparison, stages: BeforeAfter): Html {
  return html`<div class="gallery">${examples.map((example) => attentionCard(example, stages))}</div>`;
}

function attentionCard({ label, clean, triggered }: Example, stages: BeforeAfter): Html {
  const maps = (picture: Picture, what: string): Html[] =>
    [picture.before, picture.after].map(
      ({ attention }, i) =>
        html`<figure>
          <span class="overlaid">
            <img src="data:image/png;base64,${picture.png}" alt="${label}, ${what}" />
            <img
              class="heat"
              src="${heatMap(attention)}"
              alt="attention ${stages[i].label}: strongest ${strongest(attention)}"
            />
          </span>
          <figcaption>${what}, <span class="${stages[i].key}">${stages[i].label}</span></figcaption>
        </figure>`,
    );
  return html`<article class="example">
    <h4>${label}</h4>
    <div class="pictures maps">${maps(clean, 'clean')}${triggered && maps(triggered, 'with the trigger')}</div>
  </article>`;
}

/** Where the largest value is, in words. */
function strongest(attention: readonly number[]): string {
  const side = Math.sqrt(attention.length);
  const at = attention.indexOf(Math.max(...attention));
  const third = (place: number, names: readonly [string, string, string]): string =>
    names[Math.min(2, Math.floor((3 * (place + 0.5)) / side))];
  const row = third(Math.floor(at / side), ['at the top', 'in the middle', 'at the bottom']);
  return `${row}, ${third(at % side, ['left', 'centre', 'right'])}`;
}
