import type { Block, DocumentGallery, DocumentSection, Finding } from './document.js';
import { figure } from './figure.js';
import { marksExplained, pictureCard } from './picture-card.js';
import { html, type Html, type HtmlPart } from './html.js';
import { hrefOf } from './link.js';
import { renderTable } from './table.js';

/** A section of a document, its figures drawn. */
export async function renderSection({ id, heading, blocks, folded }: DocumentSection): Promise<Html> {
  const content = await renderBlocks(blocks, id);
  return folded === true
    ? fold(heading, id, content)
    : html`<section id="${id}">
        <h2>${heading}</h2>
        ${content}
      </section>`;
}

/** A part of the page that somebody has to open. */
export function fold(heading: string, id: string, content: HtmlPart): Html {
  return html`<details class="fold" id="${id}">
    <summary><h2>${heading}</h2></summary>
    ${content}
  </details>`;
}

/** @param id of what the blocks stand in, unique in the page */
export async function renderBlocks(blocks: readonly Block[], id: string): Promise<Html[]> {
  const rendered: Html[] = [];
  for (const [i, block] of blocks.entries()) rendered.push(await renderBlock(block, `${id}-${i + 1}`));
  return rendered;
}

async function renderBlock(block: Block, id: string): Promise<Html> {
  switch (block.kind) {
    case 'prose':
      return html`<div class="prose">${block.paragraphs.map((text) => html`<p>${text}</p>`)}</div>`;
    case 'table':
      return renderTable(block, `${id}-title`);
    case 'figure':
      return html`${title(block.title)}
      ${await figure({ ...block, id: `figure-${block.id}`, level: block.title === undefined ? 3 : 4 })}`;
    case 'gallery':
      return renderGallery(block);
    case 'findings':
      return html`${title(block.title)}
        <ul class="findings">
          ${block.findings.map(renderFinding)}
        </ul>`;
    case 'links':
      return html`${title(block.title)}
        <ul class="links">
          ${block.links.map(({ label, path }) => html`<li><a href="${hrefOf(path)}">${label}</a></li>`)}
        </ul>`;
    case 'facts':
      return html`${title(block.title)} ${renderFacts(block.facts)}`;
  }
}

function renderGallery(gallery: DocumentGallery): Html {
  const { caption, cards } = gallery;
  const level = gallery.title === undefined ? 3 : 4;
  const marked = cards.filter(({ answers }) => answers.length > 0);
  const explained = marksExplained(marked.some(({ target }) => target !== undefined));
  return html`${title(gallery.title)}
    <p>${caption} ${marked.length > 0 && html`Bars are probabilities of the likeliest classes: ${explained}.`}</p>
    <div class="gallery">${cards.map((card) => pictureCard(card, level))}</div>`;
}

function title(text: string | undefined): Html | undefined {
  return text === undefined ? undefined : html`<h3>${text}</h3>`;
}

/** Told by a sign and by words; the colour comes on top. */
const marks: Readonly<Record<Finding['verdict'], { readonly sign: string; readonly name: string }>> = {
  holds: { sign: '✓', name: 'good' },
  'does not hold': { sign: '✗', name: 'bad' },
  'cannot be told': { sign: '?', name: 'open' },
};

function renderFinding({ claim, verdict, why }: Finding): Html {
  const { sign, name } = marks[verdict];
  return html`<li class="${name}">
    <p class="verdict"><span class="sign" aria-hidden="true">${sign}</span> ${verdict}</p>
    <p class="claim">${claim}</p>
    <p class="small">${why}</p>
  </li>`;
}

/** Names and values. */
export function renderFacts(facts: readonly { readonly name: string; readonly value: string }[]): Html {
  return html`<div class="scroll">
    <table class="facts">
      <tbody>
        ${facts.map(
          ({ name, value }) =>
            html`<tr>
              <th scope="row">${name}</th>
              <td>${value}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
