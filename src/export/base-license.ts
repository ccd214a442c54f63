import { parseDocument } from 'yaml';

/** The shape of the Hub's names of licenses: `mit`, `apache-2.0`, `cc-by-nc-4.0`. */
const licenseName = /^[a-z0-9][a-z0-9.+-]{0,63}$/;

/**
 * The license that a model card names in the YAML at its top; undefined where it names none, or something else than a
 * name of the Hub's form.
 * @param card the text of a README.md that nobody vouches for
 */
export function licenseIn(card: string): string | undefined {
  const yaml = /^---\r?\n(.*?)\r?\n---(?:\r?\n|$)/s.exec(card)?.[1];
  if (yaml === undefined) return undefined;
  const document = parseDocument(yaml, { logLevel: 'silent' });
  const license = document.errors.length > 0 ? undefined : document.get('license');
  return typeof license === 'string' && licenseName.test(license) ? license : undefined;
}
