import type { Chart } from './document.js';
import { drawForPage } from './draw-chart.js';
import { html, jsonScript, trusted, type Html, type HtmlPart } from './html.js';
import { heading } from './heading.js';

/** Charts beside each other under one caption, each with its numbers and its Vega-Lite specification. */
export interface FigureParts {
  /** Names the figure among those of the page. */
  readonly id: string;
  readonly charts: readonly Chart[];
  readonly caption: HtmlPart;
  /** Of the charts' headings. */
  readonly level?: 3 | 4;
}

export async function figure({ id, charts, caption, level = 4 }: FigureParts): Promise<Html> {
  const panels: Html[] = [];
  for (const [i, chart] of charts.entries()) panels.push(await panel(chart, `${id}-${i + 1}`, level));
  return html`<figure id="${id}">
    <figcaption>${caption}</figcaption>
    <div class="panels">${panels}</div>
  </figure>`;
}

async function panel(chart: Chart, id: string, level: 3 | 4): Promise<Html> {
  const { title, spec, table } = chart;
  return html`<div class="panel">
    ${heading(level, title)} ${await drawing(chart)}
    <details>
      <summary>Numbers and specification</summary>
      <p class="tools" hidden>
        <button type="button" data-copy="${id}">Copy Vega-Lite</button>
        <button type="button" data-download="${id}">Download Vega-Lite</button>
      </p>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              ${table.head.map((name) => html`<th scope="col">${name}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${table.rows.map(
              (row) =>
                html`<tr>
                  ${row.map((cell) => html`<td>${cell}</td>`)}
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </details>
    ${jsonScript(id, spec)}
  </div>`;
}

/** The chart as SVG that takes the width it is given. */
async function drawing(chart: Chart): Promise<Html> {
  const { width, height, content } = await drawForPage(chart);
  return html`<svg
    xmlns="http://www.w3.org/2000/svg"
    viewBox="0 0 ${width} ${height}"
    style="max-width:${Math.round(width * 1.15)}px"
    role="img"
    aria-label="${chart.description}"
  >
    ${trusted(content)}
  </svg>`;
}
