import { closeSync, fstatSync, openSync, readSync, realpathSync, type Stats, statSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { BitloomError } from '../kernel/errors.js';

/** Where a tensor's data lies: a file relative to the model's folder, and the bytes in it. */
export interface ExternalPlace {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

export interface ExternalReader {
  /**
   * Checks that the place named by `entries` (TensorProto.external_data) is inside the model's folder and holds
   * `length` bytes, and returns a function that reads them. Throws a BitloomError that names tensor and file.
   */
  open(entries: ReadonlyMap<string, string>, length: number, tensor: string): () => Uint8Array;
  /** The files opened so far, by location. */
  readonly files: ReadonlyMap<string, string>;
}

/** One read asks for less than the 2 GiB that the operating system reads at a time. */
const READ_LIMIT = 2 ** 30;

/** Reads external data next to the model `file`. */
export function externalReader(file: string): ExternalReader {
  const files = new Map<string, string>();
  return {
    files,
    open(entries, length, tensor) {
      const fail = failure(file, tensor);
      const place = placeOf(entries, length, fail);
      const path = pathInside(file, place.location, fail);
      files.set(place.location, path);
      return reader(path, place, fail);
    },
  };
}

/** For a model that was not read from a file: refuses every external tensor. */
export const noExternalFiles: ExternalReader = {
  files: new Map(),
  open: (_entries, _length, tensor) => {
    const hint = 'load the model from its file instead of from bytes';
    throw failure(undefined, tensor)('external-data-without-folder', 'has its data in another file', hint);
  },
};

type Fail = (code: string, message: string, hint?: string, cause?: unknown) => BitloomError;

function failure(file: string | undefined, tensor: string): Fail {
  const place = { ...(file === undefined ? {} : { file }), ...(tensor ? { tensor } : {}) };
  return (code, message, hint, cause) =>
    new BitloomError({ kind: 'model', code, message, place, ...(hint ? { hint } : {}) }, { cause });
}

function placeOf(entries: ReadonlyMap<string, string>, expected: number, fail: Fail): ExternalPlace {
  const location = entries.get('location');
  if (!location) throw fail('external-data-invalid', 'says that its data is external but not where');
  const offset = Number(entries.get('offset') ?? 0);
  const length = Number(entries.get('length') ?? expected);
  if (!Number.isSafeInteger(offset) || offset < 0) {
    throw fail('external-data-invalid', `has the offset '${entries.get('offset')}' in ${location}`);
  }
  if (length !== expected) {
    throw fail('tensor-size', `needs ${expected} bytes of data, its place in ${location} has ${entries.get('length')}`);
  }
  return { location, offset, length };
}

/**
 * The real path of `location`. After symbolic links are followed it must lie in the model's folder, or in the folder
 * of the file that the model itself is a link to (the layout of Hugging Face's cache; ONNX Runtime's rule too).
 */
function pathInside(file: string, location: string, fail: Fail): string {
  const folder = dirname(resolve(file));
  const escapes = () =>
    fail(
      'external-data-escapes',
      `its external data '${location}' lies outside the model's folder`,
      'put the data file itself beside the model, not a link to it',
    );
  const path = resolve(folder, location);
  if (isAbsolute(location) || /^[A-Za-z]:|\\/.test(location) || !isInside(folder, path)) throw escapes();
  const real = realPath(path, location, fail);
  if (![realpathSync(folder), dirname(realpathSync(file))].some((home) => isInside(home, real))) throw escapes();
  return real;
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function realPath(path: string, location: string, fail: Fail): string {
  try {
    return realpathSync(path);
  } catch (cause) {
    const hint = "copy the data file into the model's folder";
    throw fail('external-data-missing', `its external data file '${location}' is not there`, hint, cause);
  }
}

function reader(path: string, place: ExternalPlace, fail: Fail): () => Uint8Array {
  const opened = statSync(path);
  if (!opened.isFile()) throw fail('external-data-missing', `its external data '${place.location}' is not a file`);
  const missing = place.offset + place.length - opened.size;
  if (missing > 0) {
    const message = `its external data file '${place.location}' ends ${missing} bytes before the tensor does`;
    throw fail('external-data-short', message, 'the file may be cut short: copy it again');
  }
  let kept: WeakRef<Uint8Array> | undefined;
  return () => {
    const before = kept?.deref();
    if (before) return before;
    const bytes = readRange(path, place, opened, fail);
    kept = new WeakRef(bytes);
    return bytes;
  };
}

function readRange(path: string, place: ExternalPlace, opened: Stats, fail: Fail): Uint8Array {
  const descriptor = openSync(path, 'r');
  try {
    const now = fstatSync(descriptor);
    if (now.ino !== opened.ino || now.dev !== opened.dev || now.size < place.offset + place.length) {
      throw fail(
        'external-data-changed',
        `its external data file '${place.location}' was replaced after the model was loaded`,
        'load the model again',
      );
    }
    return readFully(descriptor, place);
  } finally {
    closeSync(descriptor);
  }
}

function readFully(descriptor: number, { offset, length }: ExternalPlace): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const count = readSync(descriptor, bytes, done, Math.min(READ_LIMIT, length - done), offset + done);
    if (count === 0) throw new RangeError(`the file ended ${length - done} bytes early`);
    done += count;
  }
  return bytes;
}
