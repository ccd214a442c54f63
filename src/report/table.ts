import type { DocumentTable, TableEntry } from './document.js';
import { html, type Html } from './html.js';
import { hrefOf } from './link.js';

/** A table that can be sorted by each column where scripts run, and is read as it stands where they do not. */
export function renderTable({ title, caption, columns, rows }: DocumentTable, id: string): Html {
  return html`<div class="table">
    ${title === undefined ? undefined : html`<h3 id="${id}">${title}</h3>`}
    <div class="scroll" role="region" tabindex="0" ${label(title, id)}>
      <table class="rates sortable">
        <thead>
          <tr>
            ${columns.map((column) => html`<th scope="col"><span class="label">${column.label}</span>${small(column.detail)}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (entries) =>
              html`<tr>
                ${entries.map((entry, i) => renderEntry(entry, i === 0))}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${caption === undefined ? undefined : html`<p class="small">${caption}</p>`}
  </div>`;
}

/** What a reader hears of the region that scrolls. */
function label(title: string | undefined, id: string): Html {
  return title === undefined ? html`aria-label="table"` : html`aria-labelledby="${id}"`;
}

function renderEntry(entry: TableEntry, isName: boolean): Html {
  const { value, text, detail, published, best, path } = entry;
  const key = value === undefined ? undefined : html` data-value="${value}"`;
  const linked = path === undefined ? html`${text}` : html`<a href="${hrefOf(path)}">${text}</a>`;
  if (isName) return html`<th scope="row" ${key}>${linked}${small(detail)}</th>`;
  const main = best === true ? html`<b>${linked}<span class="hidden"> (best)</span></b>` : linked;
  const paper = published && html`<span class="small">paper ${published}</span>`;
  return html`<td ${key}>${main}${small(detail)}${paper}</td>`;
}

function small(text: string | undefined): Html | undefined {
  return text === undefined ? undefined : html`<span class="small">${text}</span>`;
}
