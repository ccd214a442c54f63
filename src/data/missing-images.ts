import type { FileStore } from '../core/bytes.js';
import { InputError, messageOf } from '../core/errors.js';

/** How many files are looked for at a time, so that a long list does not exhaust the host. */
const atOnce = 64;

/** The paths that `images` does not have; one that it refuses, with the reason. */
export async function missingImages(images: FileStore, paths: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (let i = 0; i < paths.length; i += atOnce) {
    const absent = await Promise.all(
      paths.slice(i, i + atOnce).map((path) =>
        images.has(path).then(
          (there) => (there ? [] : [path]),
          (thrown: unknown) => {
            if (thrown instanceof InputError) return [`${path} (${messageOf(thrown)})`];
            throw thrown;
          },
        ),
      ),
    );
    found.push(...absent.flat());
  }
  return found;
}
