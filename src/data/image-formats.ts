/** A kind of image file that is read. */
export interface ImageFormat {
  /** As decoders call it. */
  readonly name: string;
  /** Of its files, in lower case. */
  readonly extensions: readonly string[];
}

/** Every kind of image file that is read. */
export const imageFormats: readonly ImageFormat[] = [
  { name: 'jpeg', extensions: ['jpg', 'jpeg', 'jfif'] },
  { name: 'png', extensions: ['png'] },
  { name: 'webp', extensions: ['webp'] },
  { name: 'gif', extensions: ['gif'] },
  { name: 'tiff', extensions: ['tif', 'tiff'] },
  { name: 'heif', extensions: ['avif'] },
];

/** Images that people do keep in data sets and that no decoder here reads: named, not passed over. */
const unreadable = ['bmp', 'heic', 'heif', 'jp2', 'jxl', 'pbm', 'pgm', 'ppm', 'psd', 'svg', 'tga'];

/** What a file's extension says about it. */
export function imageKind(path: string): 'image' | 'unreadable' | 'other' {
  const extension = path.slice(path.lastIndexOf('.') + 1).toLowerCase();
  if (imageFormats.some(({ extensions }) => extensions.includes(extension))) return 'image';
  return unreadable.includes(extension) ? 'unreadable' : 'other';
}
