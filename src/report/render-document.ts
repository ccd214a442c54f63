import { renderFacts, renderSection } from './blocks.js';
import type { ReportDocument } from './document.js';
import { html, type Html } from './html.js';
import { contents, page } from './page.js';

/**
 * A document as one HTML file that loads nothing. The same document gives the same text; every string of it is escaped,
 * links lead to what lies beside the page.
 */
export async function renderDocument({ title, lead, sections, provenance }: ReportDocument): Promise<string> {
  const rendered: Html[] = [];
  for (const section of sections) rendered.push(await renderSection(section));
  const origin =
    provenance.length > 0 &&
    html`<section>
      <h2>Where the numbers come from</h2>
      ${renderFacts(provenance)}
    </section>`;
  const nav = contents(
    'Sections',
    sections.map(({ id, heading }) => ({ id, name: heading })),
  );
  return page({ title, lead, main: [nav, rendered, origin] });
}
