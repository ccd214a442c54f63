import type { Config as VegaConfig, Loader, Spec } from 'vega';
import type { Config } from 'vega-lite';

import type { Chart } from './document.js';
import { light, seriesColours } from './palette.js';

/** How colours and type come into a drawing. */
interface Looks {
  readonly colour: (name: keyof typeof light) => string;
  readonly font: string;
  readonly background: string;
}

/** For the page: its own colours and type, so that a drawing follows them into the dark. */
const inPage: Looks = { colour: (name) => `var(--${name})`, font: 'inherit', background: 'none' };

/** For a file: light, on white, with everything that is needed to read it. */
const alone: Looks = {
  colour: (name) => light[name],
  font: 'DejaVu Sans, Verdana, sans-serif',
  background: light.surface,
};

function config({ colour, font, background }: Looks): Config {
  return {
    aria: false, // the figure says what it shows in its own words
    background,
    padding: 4,
    font,
    view: { stroke: null },
    axis: {
      labelColor: colour('muted'),
      titleColor: colour('muted'),
      titleFontWeight: 'normal',
      labelFontSize: 11,
      titleFontSize: 11,
      gridColor: colour('grid'),
      domainColor: colour('grid'),
      tickColor: colour('grid'),
    },
    line: { color: colour('after') },
    rule: { color: colour('after') },
    point: { color: colour('after') },
    range: { category: seriesColours.map(colour) },
    legend: {
      orient: 'bottom',
      labelColor: colour('text'),
      labelFontSize: 11,
      labelLimit: 220,
      symbolSize: 60,
      symbolOpacity: 1,
      symbolBaseFillColor: colour('muted'),
      symbolBaseStrokeColor: colour('muted'),
    },
    title: { color: colour('text'), fontSize: 13, fontWeight: 'bold', anchor: 'start' },
  };
}

/** A drawing that takes the width it is given. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  /** What stands inside the `svg` element. */
  readonly content: string;
}

/** For a page with the style sheet of reports. */
export async function drawForPage({ spec }: Chart): Promise<Drawing> {
  const svg = await render(spec, inPage);
  const [root, width, height] = /^<svg[^>]* width="([\d.]+)" height="([\d.]+)"[^>]*>/.exec(svg) ?? [];
  if (root === undefined) throw new Error('report: Vega gave something else than an SVG');
  return { width: Number(width), height: Number(height), content: svg.slice(root.length, -'</svg>'.length) };
}

/** A file that needs no page: an SVG with the title in it, light on white. */
export async function drawForFile({ spec, title }: Chart): Promise<string> {
  return `${await render({ ...spec, title }, alone)}\n`;
}

/** Specifications hold their data: nothing is loaded, whatever one asks for. */
const loadsNothing: Loader = { load: refuse, sanitize: refuse, http: refuse, file: refuse };

function refuse(uri: string): Promise<never> {
  return Promise.reject(new RangeError(`figure: it asks for ${uri}; its data belong into its specification`));
}

/** Legends below each other: side by side they would make a drawing wider than its plot. */
const layout: VegaConfig = { legend: { layout: { bottom: { anchor: 'start', direction: 'vertical' } } } };

/** Vega is loaded when a figure is drawn: no other command needs it. */
async function render(spec: Chart['spec'], looks: Looks): Promise<string> {
  const [vega, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const compiled: Spec = compile(spec, { config: config(looks) }).spec;
  // Vega goes on without what it cannot load
  for (const data of compiled.data ?? []) if ('url' in data) await refuse(JSON.stringify(data.url));
  return new vega.View(vega.parse(compiled, layout), { renderer: 'none', loader: loadsNothing }).toSVG();
}
