/**
 * The order of a table's rows by one of its columns. What was equal keeps its order; what has no value comes last,
 * whichever way it goes. Columns with a value in any row are sorted by value, others by their text.
 * `order(entries: { value?: number, text: string }[], direction: 'ascending' | 'descending'): number[]`
 */
export const orderFunction = `
function order(entries, direction) {
  const sign = direction === 'ascending' ? 1 : -1;
  const byValue = entries.some(({ value }) => value !== undefined);
  const isMissing = ({ value, text }) => (byValue ? value === undefined : text === '');
  const compare = byValue
    ? (a, b) => a.value - b.value
    : (a, b) => a.text.localeCompare(b.text, 'en', { numeric: true });
  return entries
    .map((entry, index) => ({ ...entry, index }))
    .sort((a, b) => isMissing(a) - isMissing(b) || (isMissing(a) ? 0 : sign * compare(a, b)) || a.index - b.index)
    .map(({ index }) => index);
}
`;

/** Buttons in the heads of tables: rising, falling, as it was. */
const sortTables = `
for (const table of document.querySelectorAll('table.sortable')) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'sort';
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener('click', () => {
      const next = { ascending: 'descending', descending: undefined };
      const now = head.getAttribute('aria-sort');
      const direction = now === null ? 'ascending' : next[now];
      for (const other of heads) other.removeAttribute('aria-sort');
      if (direction === undefined) return body.append(...rows);
      head.setAttribute('aria-sort', direction);
      const entries = rows.map(({ cells }) => {
        const { dataset, textContent } = cells[column];
        return { value: dataset.value === undefined ? undefined : Number(dataset.value), text: textContent.trim() };
      });
      body.append(...order(entries, direction).map((index) => rows[index]));
    });
  });
}
`;

/** Hands out the specifications of figures. */
const specifications = `
for (const tools of document.querySelectorAll('.tools')) tools.hidden = false;
document.addEventListener('click', async ({ target }) => {
  if (!(target instanceof HTMLButtonElement)) return;
  const id = target.dataset.copy ?? target.dataset.download;
  if (id === undefined) return;
  const text = JSON.stringify(JSON.parse(document.getElementById(id).textContent), null, 2);
  if (target.dataset.copy !== undefined) {
    await navigator.clipboard.writeText(text);
    target.textContent = 'Copied';
    return;
  }
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  link.download = id + '.vl.json';
  link.click();
  URL.revokeObjectURL(link.href);
});
`;

/** Opens the part of the page that a link leads to. */
const openFolds = `
function openFold() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) target.open = true;
}
addEventListener('hashchange', openFold);
openFold();
`;

/** What the page can do beyond showing. It loads nothing. */
export const pageScript = `'use strict';${orderFunction}${sortTables}${specifications}${openFolds}`;
