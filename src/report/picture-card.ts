import type { DocumentGallery } from './document.js';
import { percent } from './format.js';
import { heading } from './heading.js';
import { heatMap } from './heat-map.js';
import { html, type Html } from './html.js';
import type { StageKey } from './stages.js';

type Card = DocumentGallery['cards'][number];

/** Coloured as the stage that it is of. */
interface Staged {
  readonly stage?: StageKey;
}

/** Pictures of one thing, with what models answered. */
export interface CardParts extends Card {
  readonly pictures: readonly (Card['pictures'][number] & Staged)[];
  readonly answers: readonly (Card['answers'][number] & Staged)[];
}

/** @param level of the heading; answers have the next */
export function pictureCard(card: CardParts, level: 3 | 4): Html {
  const { title, pictures, note, answers } = card;
  const maps = pictures.some(({ attention }) => attention !== undefined);
  return html`<article class="example">
    ${heading(level, title)}
    <div class="pictures${maps && ' maps'}">${pictures.map((picture) => pictureFigure(picture, title))}</div>
    ${note === undefined ? undefined : html`<p class="small">${note}</p>`}
    ${
      answers.length > 0 &&
      html`<div class="answers">
        ${answers.map(
          ({ label, top, stage }) =>
            html`<div>
              ${level === 3 ? html`<h4 class="${stage}">${label}</h4>` : html`<h5 class="${stage}">${label}</h5>`}
              ${answerList(top, card)}
            </div>`,
        )}
      </div>`
    }
  </article>`;
}

/** What an answer is: right, what the attackers want, or something else. */
const marks = {
  true: html`<mark role="img" aria-label="true class">✓</mark>`,
  target: html`<mark role="img" aria-label="the attackers’ class">⚑</mark>`,
  other: undefined,
};

/** What the marks mean. */
export function marksExplained(target: boolean): Html {
  return html`<span class="true">${marks.true} true class</span>${
      target && html`, <span class="target">${marks.target} the attackers’ class</span>`
    }`;
}

function answerList(top: Card['answers'][number]['top'], { truth, target }: Card): Html {
  const rows = top.map(({ class: name, probability }) => {
    const kind = name === truth ? 'true' : name === target ? 'target' : 'other';
    return html`<li class="${kind}">
      <span class="fill" style="width:${(100 * probability).toFixed(2)}%"></span>
      <span class="name">${name} ${marks[kind]}</span> <span class="number">${percent(probability)}</span>
    </li>`;
  });
  return html`<ol>
    ${rows}
  </ol>`;
}

function pictureFigure({ caption, png, attention, stage }: CardParts['pictures'][number], title: string): Html {
  const image = html`<img src="data:image/png;base64,${png}" alt="${title}, ${caption}" />`;
  return html`<figure>
    ${attention === undefined ? image : overlaid(image, attention, caption)}
    <figcaption class="${stage}">${caption}</figcaption>
  </figure>`;
}

function overlaid(image: Html, attention: readonly number[], caption: string): Html {
  return html`<span class="overlaid">
    ${image}
    <img class="heat" src="${heatMap(attention)}" alt="attention, ${caption}: strongest ${strongest(attention)}" />
  </span>`;
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
