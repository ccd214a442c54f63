const titles: ReadonlyMap<string, string> = new Map([
  ['badnet', 'BadNet'],
  ['blended', 'Blended'],
  ['issba', 'ISSBA'],
  ['wanet', 'WaNet'],
  ['trojvqa', 'TrojVQA'],
  ['badclip', 'BadCLIP'],
  ['none', 'no defense'],
  ['cleanclip', 'CleanCLIP'],
  ['par', 'PAR'],
  ['linear-probe', 'linear probe'],
  ['rvpt', 'RVPT'],
  ['vpt', 'VPT'],
  ['adversarial-vpt', 'adversarial VPT'],
]);

/** The name of an attack or a defense as papers write it; others go by their names in their tables. */
export function titleOf(name: string): string {
  return titles.get(name) ?? name;
}
