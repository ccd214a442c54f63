import { documentStyle } from './document-style.js';
import { dark, declarations, light, print } from './palette.js';

/** The style sheet of a report. */
export const styleSheet = `
:root { color-scheme: light dark; ${declarations(light)} }
@media (prefers-color-scheme: dark) { :root { ${declarations(dark)} } }
@media print { :root { color-scheme: light; ${declarations(print)} } }
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--text);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  overflow-wrap: anywhere; print-color-adjust: exact; -webkit-print-color-adjust: exact;
}
header, main, footer { max-width: 70rem; margin: 0 auto; padding: 0 1rem; }
header { padding-top: 2rem; }
footer { padding-bottom: 3rem; color: var(--muted); }
h1, h2, h3, h4, h5, p, ul, ol, dl, dd, figure, pre { margin: 0; padding: 0; }
h1 { font-size: 2rem; line-height: 1.2; }
h2 { font-size: 1.5rem; line-height: 1.25; margin-bottom: .5rem; }
h3 { font-size: 1.15rem; margin: 2.2rem 0 .5rem; }
h4 { font-size: .95rem; }
.panel h4, .panel h3 { font-size: .88rem; margin: 0; }
.example h3 { font-size: .95rem; margin: 0; }
h5 { font-size: .85rem; font-weight: 600; }
a { color: var(--link); }
code { font-size: .9em; }
ul, ol { list-style: none; }
img, svg { display: block; }
.lead { margin: .4rem 0 1.2rem; color: var(--muted); }
.small { color: var(--muted); font-size: .8rem; font-weight: normal; }
.before { color: var(--before); } .after { color: var(--after); } .control { color: var(--control); }
nav ul { display: flex; flex-wrap: wrap; gap: .3rem 1rem; margin: .5rem 0 1rem; }
section { margin: 2rem 0 0; }
.model + .model { border-top: 1px solid var(--grid); padding-top: 2rem; }
.card, .panel, .example, .records details, .missing {
  background: var(--surface); border: 1px solid var(--grid); border-radius: .6rem; padding: 1rem;
}
.cards { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr)); }
.card { display: flex; flex-direction: column; gap: .6rem; }
.card h3 { margin: 0; font-size: 1rem; line-height: 1.35; flex: 1; }
.change { font-size: 1.9rem; font-weight: 700; line-height: 1.15; white-space: nowrap; font-variant-numeric: tabular-nums; }
.change .before { font-size: 1.3rem; font-weight: 600; }
.change .arrow { color: var(--muted); font-size: 1.3rem; font-weight: 400; }
.card dl { display: grid; gap: .1rem; }
.card dt { font-size: .8rem; color: var(--muted); }
.card dd { display: flex; align-items: center; gap: .6rem; }
.bar { position: relative; flex: 1; height: .7rem; background: var(--ground); border-radius: .2rem; }
.bar .fill { position: absolute; inset: 0 auto 0 0; background: currentColor; opacity: .55; border-radius: .2rem; }
.bar .interval { position: absolute; top: 50%; height: 2px; margin-top: -1px; background: currentColor; min-width: 2px; }
.number { font-variant-numeric: tabular-nums; font-size: .85rem; white-space: nowrap; min-width: 3.6rem; text-align: right; }
.remarks { margin-top: 1rem; display: grid; gap: .4rem; }
.remarks li { background: var(--note); border-left: 4px solid var(--control); border-radius: .3rem; padding: .5rem .8rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.rates { width: 100%; background: var(--surface); border: 1px solid var(--grid); }
th, td { text-align: left; padding: .45rem .7rem; vertical-align: top; border-bottom: 1px solid var(--grid); }
.rates td { white-space: nowrap; }
.rates thead th { min-width: 6.5rem; }
.rates tbody th { min-width: min(13rem, 30vw); font-weight: 600; }
.rates .small { display: block; white-space: normal; }
.rates td .small { white-space: nowrap; }
.panel td, .panel th, .facts td, .facts th { padding: .15rem .6rem .15rem 0; font-size: .8rem; }
.facts th { font-weight: 600; white-space: nowrap; }
.facts td { min-width: 12rem; }
figcaption { font-size: .85rem; color: var(--muted); }
figure > figcaption { margin-bottom: .6rem; max-width: 46rem; }
.panels { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); }
.panel { padding: .8rem; min-width: 0; }
.panel > svg { width: 100%; height: auto; max-width: 23rem; }
.panel details { margin-top: .3rem; font-size: .8rem; }
.panel .scroll { max-height: 16rem; overflow-y: auto; }
summary { cursor: pointer; color: var(--link); }
button {
  font: inherit; font-size: .8rem; color: var(--text); background: var(--ground); border: 1px solid var(--grid);
  border-radius: .3rem; padding: .2rem .5rem; cursor: pointer; margin: .3rem .3rem .3rem 0;
}
.gallery { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 16rem), 1fr)); margin-top: .6rem; }
.example { display: flex; flex-direction: column; gap: .5rem; min-width: 0; }
.pictures { display: grid; grid-template-columns: 1fr 1fr; gap: .6rem; max-width: 22rem; }
.pictures img { width: 100%; height: auto; aspect-ratio: 1; border-radius: .3rem; }
.pictures figcaption { margin: .15rem 0 0; font-size: .75rem; line-height: 1.3; }
.overlaid { position: relative; display: block; }
.overlaid .heat { position: absolute; inset: 0; height: 100%; }
.answers { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .6rem; }
.answers li { position: relative; display: flex; gap: .3rem; align-items: baseline;
  font-size: .8rem; line-height: 1.35; padding: .1rem .3rem; margin-top: .2rem; border-radius: .2rem; background: var(--ground); }
.answers .fill { position: absolute; inset: 0 auto 0 0; border-radius: .2rem; background: var(--grid); }
.answers .true .fill { background: var(--after-soft); } .answers .target .fill { background: var(--before-soft); }
.answers .name, .answers .number { position: relative; }
.answers .name { min-width: 0; }
.answers .number { min-width: 0; font-size: inherit; margin-left: auto; }
mark { background: none; color: inherit; font-weight: 700; }
.true mark { color: var(--after); } .target mark { color: var(--before); }
.records { display: grid; gap: .6rem; }
.records h4 { margin: .8rem 0 .3rem; }
.samples dt { font-weight: 600; margin-top: .5rem; } .samples dd { font-size: .8rem; }
.missing { display: grid; gap: .6rem; border-color: var(--control); }
pre { overflow-x: auto; background: var(--ground); border-radius: .3rem; padding: .7rem; }
.words dt { font-weight: 600; margin-top: .6rem; color: var(--text); }
@media (max-width: 40rem) {
  .rates { font-size: .85rem; }
  .rates thead .small { display: none; }
  .rates th, .rates td { padding: .35rem .45rem; }
  .rates thead th { min-width: 5.2rem; }
}
@media print {
  body { font-size: 11pt; }
  .card, .panel, .example, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .panel details, nav { display: none; }
  .scroll { overflow: visible; }
}
${documentStyle}`;
