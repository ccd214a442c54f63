import type { Answer, Comparison, Example, Picture } from '../evaluation/comparison.js';
import { html, type Html } from './html.js';
import { pictureCard } from './picture-card.js';
import type { Stage } from './stages.js';

type BeforeAfter = readonly Pick<Stage, 'key' | 'label'>[];

const withTrigger = 'with the trigger';

/** The same images before and after, with the answers of both models. */
export function gallery({ examples, attack }: Comparison, stages: BeforeAfter): Html {
  const cards = examples.map(({ label, clean, triggered }) => {
    const { before, after } = triggered ?? clean;
    return pictureCard(
      {
        title: label,
        truth: label,
        ...(attack && { target: attack.target.name }),
        pictures: [
          { caption: 'clean', png: clean.png },
          ...(triggered === undefined ? [] : [{ caption: withTrigger, png: triggered.png }]),
        ],
        ...(triggered && { note: `Without the trigger: ${cleanAnswers(clean, label)}` }),
        answers: [before, after].map(({ top }, i) => ({ label: stages[i].label, stage: stages[i].key, top })),
      },
      4,
    );
  });
  return html`<div class="gallery">${cards}</div>`;
}

/** The likeliest class of the clean image, before and after. */
function cleanAnswers({ before, after }: Picture, label: string): string {
  const named = ({ top }: Answer): string => `${top[0].class}${top[0].class === label ? ' ✓' : ''}`;
  return `${named(before)} before, ${named(after)} after.`;
}

/** Where the class token looks, laid over each image. */
export function attentionMaps({ examples }: Comparison, stages: BeforeAfter): Html {
  return html`<div class="gallery">${examples.map((example) => attentionCard(example, stages))}</div>`;
}

function attentionCard({ label, clean, triggered }: Example, stages: BeforeAfter): Html {
  const maps = ({ png, before, after }: Picture, what: string) =>
    [before, after].map(({ attention }, i) => ({
      ...{ caption: `${what}, ${stages[i].label}`, stage: stages[i].key },
      ...{ png, attention },
    }));
  const pictures = [...maps(clean, 'clean'), ...(triggered === undefined ? [] : maps(triggered, withTrigger))];
  return pictureCard({ title: label, pictures, answers: [] }, 4);
}
