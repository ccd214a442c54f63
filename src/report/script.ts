/** What the page can do beyond showing: hand out the specifications of its figures. It loads nothing. */
export const pageScript = `
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
