import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { defineEntry, makeEntry, parseEntry, settingsHelp } from './catalog.js';
import { InputError } from './errors.js';

const square = defineEntry({
  name: 'square',
  summary: 'four sides',
  settings: {
    size: z.number().positive().default(16).describe('length of a side'),
    place: z.enum(['left', 'right']).default('left').describe('where it goes'),
  },
  presets: { large: { summary: 'as in the paper', settings: { size: 64 } } },
  create: ({ size }) => ({ area: () => size ** 2 }),
});
const dot = defineEntry({ name: 'dot', summary: 'no sides', settings: {}, create: () => ({ area: () => 0 }) });
const word = defineEntry({
  name: 'word',
  summary: 'text',
  settings: {
    text: z.string().default('x').describe('what it says'),
    bold: z.boolean().default(false).describe('whether it is bold'),
  },
  create: ({ text }) => ({ area: () => text.length }),
});
const parse = (text: string) => parseEntry('shape', [square, dot, word], text);

describe('a catalog', () => {
  it('makes what an entry describes, with its defaults', () => {
    expect(square.create()).toMatchObject({ name: 'square', settings: { size: 16, place: 'left' } });
    expect(square.create({ size: 3 }).area()).toBe(9);
    expect(() => square.create({ size: 'big', colour: 1 })).toThrow(/configure square: .*size: .*number.*colour/);
  });

  it('reads names and settings from text', () => {
    expect(parse('square')).toMatchObject({ settings: { size: 16, place: 'left' } });
    expect(parse('square:').settings).toEqual({ size: 16, place: 'left' });
    expect(parse(' square:size=1e1, place=right,').settings).toEqual({ size: 10, place: 'right' });
    expect(parse('dot').area()).toBe(0);
  });

  it('takes defaults from a preset, and what is written over them', () => {
    expect(parse('square@large').settings).toEqual({ size: 64, place: 'left' });
    expect(parse('square@large:size=3,place=right').settings).toEqual({ size: 3, place: 'right' });
    expect(makeEntry('shape', [square], { name: 'square@large', settings: { place: 'right' } }).settings).toEqual({
      size: 64,
      place: 'right',
    });
  });

  it('reads yes and no where a setting is one of them, and leaves them alone where it is text', () => {
    expect(parse('word:bold=true,text=true').settings).toEqual({ text: 'true', bold: true });
    expect(() => parse('word:bold=yes')).toThrow(/bold.*boolean/);
  });

  it('leaves digits alone where a setting is text', () => {
    expect(parse('word:text=007').settings).toEqual({ text: '007', bold: false });
  });

  it.each([
    ['square@small', /expected a preset among square@large, got "square@small"/],
    ['dot@large', /expected dot, which has no presets, got "dot@large"/],
    ['square@', /a preset among square@large/],
    ['square@toString', /a preset among square@large/],
    ['circle@large', /expected one of square, dot/],
    ['square@large:size=-1', /size: /],
    ['circle', /read the shape "circle": expected one of square, dot, word, got "circle"/],
    ['', /one of square, dot, word/],
    ['square:size=', /size: .*number/],
    ['square:size=Infinity', /size: .*number/],
    ['dot:size=3', /expected no settings, got .*size/],
    ['square:__proto__=3', /__proto__/],
  ])('refuses %j', (text, message) => {
    expect(() => parse(text)).toThrow(InputError);
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'usage' }));
    expect(() => parse(text)).toThrow(message);
  });

  it('tells all mistakes at once', () => {
    const message = /"huge" is not setting=value; place is given twice; size: .*; place: .*"left".*; .*colour/;
    expect(() => parse('square:size=-1,place=up,colour=red,huge,place=left')).toThrow(message);
  });

  it('describes settings for help texts', () => {
    expect(settingsHelp(square)).toEqual([
      { name: 'size', description: 'length of a side', defaultValue: '16', choices: [] },
      { name: 'place', description: 'where it goes', defaultValue: 'left', choices: ['left', 'right'] },
    ]);
    expect(settingsHelp(dot)).toEqual([]);
  });
});
