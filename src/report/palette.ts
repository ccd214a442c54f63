/** Colours by their names in the style sheet: `--ground`. Text on its ground has a contrast of 4.5 or more. */
type Palette = Readonly<Record<ColourName, string>>;

/** Of series in figures, in order; the first three are also those of before, after and control. */
export const seriesColours = [
  'before',
  'after',
  'control',
  'series-4',
  'series-5',
  'series-6',
  'series-7',
  'series-8',
  'series-9',
  'series-10',
] as const;

type ColourName =
  | (typeof seriesColours)[number]
  | ('ground' | 'surface' | 'text' | 'muted' | 'grid' | 'link')
  | ('before-soft' | 'after-soft' | 'control-soft' | 'note' | 'good' | 'bad');

export const light: Palette = {
  ground: '#f6f7f9',
  surface: '#ffffff',
  text: '#1b1f24',
  muted: '#57606a',
  grid: '#d5dae0',
  link: '#0b57d0',
  before: '#b93a0e',
  after: '#0f6cbd',
  control: '#7a6100',
  'series-4': '#00755a',
  'series-5': '#9c3587',
  'series-6': '#3d4550',
  'series-7': '#0a7d93',
  'series-8': '#a8324f',
  'series-9': '#5b4bb5',
  'series-10': '#6b4a2b',
  'before-soft': '#f6d6c9',
  'after-soft': '#cfe3f6',
  'control-soft': '#ece2b8',
  note: '#fff6db',
  good: '#00694f',
  bad: '#a62c0a',
};

export const dark: Palette = {
  ground: '#101418',
  surface: '#191f25',
  text: '#e8ecf0',
  muted: '#a3adb8',
  grid: '#38424c',
  link: '#8ab8ff',
  before: '#ff9466',
  after: '#6cb6ff',
  control: '#e0c25a',
  'series-4': '#4fd1a8',
  'series-5': '#e58fd2',
  'series-6': '#c3ccd6',
  'series-7': '#5fd4e8',
  'series-8': '#ff8fa8',
  'series-9': '#a99cff',
  'series-10': '#d0a37a',
  'before-soft': '#5a2c18',
  'after-soft': '#173f63',
  'control-soft': '#4a3f14',
  note: '#2f2a17',
  good: '#4fd1a8',
  bad: '#ff9466',
};

/** Light, on paper. */
export const print: Palette = {
  ...light,
  ground: '#ffffff',
  text: '#000000',
  muted: '#444444',
  grid: '#cccccc',
  link: '#000000',
};

/** As declarations of a style sheet. */
export function declarations(palette: Palette): string {
  return Object.entries(palette)
    .map(([name, colour]) => `--${name}: ${colour};`)
    .join(' ');
}
