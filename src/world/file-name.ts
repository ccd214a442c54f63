/** A name as it stands in paths and keys; reading an image folder turns it back. */
export function fileNameOf(name: string): string {
  return name.replaceAll(' ', '_');
}
