import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { defineEntry, parseEntry, settingsHelp } from './catalog.js';
import { InputError } from './errors.js';

const square = defineEntry({
  name: 'square',
  summary: 'four sides',
  settings: {
    size: z.number().positive().default(16).describe('length of a side'),
    place: z.enum(['left', 'right']).default('left').describe('where it goes'),
  },
  create: ({ size }) => ({ area: () => size ** 2 }),
});
const dot = defineEntry({ name: 'dot', summary: 'no sides', settings: {}, create: () => ({ area: () => 0 }) });
const parse = (text: string) => parseEntry('shape', [square, dot], text);

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

  it.each([
    ['circle', /read the shape "circle": expected one of square, dot, got "circle"/],
    ['', /one of square, dot/],
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
