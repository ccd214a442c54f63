// What help texts and run records rely on, for every entry of every catalog.
import { describe, expect, it } from 'vitest';

import { triggers } from '../../src/attack/trigger/triggers.js';
import { parseEntry, settingsHelp, type CatalogEntry } from '../../src/core/catalog.js';
import { perturbations } from '../../src/evaluation/perturbation/perturbations.js';

const catalogs: Readonly<Record<string, readonly CatalogEntry<unknown>[]>> = { triggers, perturbations };

describe.each(Object.entries(catalogs))('%s', (_, catalog) => {
  it('have names of their own', () => {
    const names = catalog.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z][a-z0-9-]*$/);
  });

  it.each(catalog.map((entry) => [entry.name, entry] as const))('%s is described, setting by setting', (_, entry) => {
    const made = entry.create();
    const help = settingsHelp(entry);
    expect(entry.summary).not.toBe('');
    expect(help.map(({ name }) => name)).toEqual(Object.keys(made.settings));
    for (const { name, description, defaultValue } of help) {
      expect(description, name).not.toBe('');
      expect(defaultValue, name).toBe(String(made.settings[name]));
    }
  });

  it.each(catalog.map((entry) => [entry.name, entry] as const))('%s can be written out and read back', (_, entry) => {
    const { settings } = entry.create();
    const written = Object.entries(settings).map(([name, value]) => `${name}=${String(value)}`);
    expect(parseEntry('entry', catalog, entry.name).settings).toEqual(settings);
    expect(parseEntry('entry', catalog, `${entry.name}:${written.join(',')}`).settings).toEqual(settings);
    expect(entry.create(JSON.parse(JSON.stringify(settings))).settings).toEqual(settings);
  });
});
