import { html, type Html } from './html.js';

export function heading(level: 3 | 4, text: string): Html {
  return level === 3 ? html`<h3>${text}</h3>` : html`<h4>${text}</h4>`;
}
