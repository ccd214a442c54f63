import type { Spec } from 'vega';
import type { Config } from 'vega-lite';

import type { Chart } from './charts.js';
import { html, jsonScript, trusted, type Html, type HtmlPart } from './html.js';

/** The page's looks: its colours, so that a figure follows them into the dark. */
const looks: Config = {
  aria: false, // the figure says what it shows in its own words
  background: 'none',
  padding: 4,
  font: 'inherit',
  view: { stroke: null },
  axis: {
    labelColor: 'var(--muted)',
    titleColor: 'var(--muted)',
    titleFontWeight: 'normal',
    labelFontSize: 11,
    titleFontSize: 11,
    gridColor: 'var(--grid)',
    domainColor: 'var(--grid)',
    tickColor: 'var(--grid)',
  },
  line: { color: 'var(--after)' },
  range: { category: ['var(--before)', 'var(--after)', 'var(--control)'] },
  legend: { disable: true },
};

/** Charts beside each other under one caption, each with its numbers and its Vega-Lite specification. */
export interface FigureParts {
  /** Names the figure among those of the page. */
  readonly id: string;
  readonly charts: readonly Chart[];
  readonly caption: HtmlPart;
  readonly legend?: Html;
}

export async function figure({ id, charts, caption, legend }: FigureParts): Promise<Html> {
  const panels: Html[] = [];
  for (const [i, chart] of charts.entries()) panels.push(await panel(chart, `${id}-${i + 1}`));
  return html`<figure id="${id}">
    <figcaption>${caption}</figcaption>
    ${legend}
    <div class="panels">${panels}</div>
  </figure>`;
}

async function panel({ title, description, spec, table }: Chart, id: string): Promise<Html> {
  return html`<div class="panel">
    <h4>${title}</h4>
    ${await drawing(spec, description)}
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
async function drawing(spec: Chart['spec'], description: string): Promise<Html> {
  const svg = await renderSvg(spec);
  const [root, width = '0', height = '0'] = /^<svg[^>]* width="([\d.]+)" height="([\d.]+)"[^>]*>/.exec(svg) ?? [];
  if (root === undefined) throw new Error('report: Vega gave something else than an SVG');
  return html`<svg
    xmlns="http://www.w3.org/2000/svg"
    viewBox="0 0 ${width} ${height}"
    role="img"
    aria-label="${description}"
  >
    ${trusted(svg.slice(root.length, -'</svg>'.length))}
  </svg>`;
}

/** Loaded when a figure is drawn: no other command needs them. */
async function renderSvg(spec: Chart['spec']): Promise<string> {
  const [vega, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const compiled: Spec = compile(spec, { config: looks }).spec;
  return new vega.View(vega.parse(compiled), { renderer: 'none' }).toSVG();
}
