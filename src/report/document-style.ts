/** What documents have beyond the cards of a single run: tables to sort, findings, folds. */
export const documentStyle = `
.table { margin-top: 1.2rem; }
.table > .small, .prose p { max-width: 46rem; }
.table > .small { margin-top: .4rem; }
.table .scroll { position: relative; border: 1px solid var(--grid); border-radius: .4rem; background: var(--surface); }
.table .scroll:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.sortable { border: 0; border-collapse: separate; border-spacing: 0; width: auto; min-width: 100%; }
.sortable tbody tr:last-child > * { border-bottom: 0; }
.sortable thead th { min-width: 0; vertical-align: bottom; border-bottom: 2px solid var(--grid); }
.sortable tbody th { font-weight: 400; min-width: min(8rem, 26vw); max-width: min(18rem, 42vw); }
.sortable tr > :first-child { position: sticky; left: 0; background: var(--surface); z-index: 1; }
.sortable tbody tr:hover > * { background: var(--ground); }
.sortable td .small, .sortable thead .small { white-space: nowrap; }
button.sort {
  display: block; width: 100%; margin: 0; padding: 0; border: 0; background: none; color: inherit; font: inherit;
  font-weight: 600; text-align: left; cursor: pointer; white-space: nowrap;
}
button.sort:hover { color: var(--link); }
button.sort:focus-visible, summary:focus-visible, a:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
button.sort .label::after { content: ' ↕'; color: var(--muted); font-weight: 400; }
[aria-sort=ascending] .label::after { content: ' ▲'; color: var(--link); }
[aria-sort=descending] .label::after { content: ' ▼'; color: var(--link); }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.prose p + p { margin-top: .6rem; }
.findings { display: grid; gap: .8rem; margin-top: .8rem; }
.findings li { background: var(--surface); border: 1px solid var(--grid); border-left: 4px solid var(--control);
  border-radius: .4rem; padding: .7rem 1rem; }
.findings .good { border-left-color: var(--good); } .findings .bad { border-left-color: var(--bad); }
.verdict { font-size: .8rem; font-weight: 700; color: var(--control); }
.good .verdict { color: var(--good); } .bad .verdict { color: var(--bad); }
.verdict .sign { display: inline-block; width: 1.1em; }
.links { display: grid; gap: .2rem .8rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); font-size: .9rem; }
.fold { border-top: 1px solid var(--grid); padding: .7rem 0; }
:not(.fold) + .fold { margin-top: 2rem; }
.fold > summary h2 { display: inline; font-size: 1.15rem; margin: 0; color: var(--text); }
.fold[open] { padding-bottom: 2rem; }
@media (max-width: 40rem) {
  .sortable thead .small { display: block; font-size: .7rem; }
  .sortable tbody th { max-width: 34vw; }
}
@media print {
  .table .scroll { border: 0; }
  .sortable { font-size: .72em; }
  .sortable .small { font-size: .92em; }
  .sortable td .small, .sortable thead .small { white-space: normal; }
  .sortable th, .sortable td { padding: .2rem .3rem; }
  .sortable tbody th { min-width: 0; }
  .sortable tr > :first-child { position: static; }
  button.sort .label::after { content: none !important; }
  .findings li { break-inside: avoid; }
  .fold:not([open]) { display: none; }
  thead { display: table-header-group; }
}
`;
