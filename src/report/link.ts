/**
 * A link to a file or folder beside the page: always relative, whatever the names in the path are, so that none of them
 * is taken for a scheme or a host.
 * @param path from the page's folder, `/` between names
 */
export function hrefOf(path: string): string {
  return `./${path.split('/').map(encodeURIComponent).join('/')}`;
}
