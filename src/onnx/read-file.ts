import { type FileHandle, open } from 'node:fs/promises';
import { BitloomError } from '../kernel/errors.js';
import { readFailure } from '../kernel/read-errors.js';

/** Protobuf's own limit for one message, and ONNX Runtime's for a model file. */
export const LARGEST_MESSAGE = 2 ** 31 - 1;

/** One read asks for less than the operating system's limit of 2 GiB. */
const SLICE = 2 ** 28;

/** The bytes of a file of at most 2 GiB. Throws a BitloomError of kind `io`. */
export async function readWhole(path: string): Promise<Uint8Array> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    return await readAll(file, path);
  } catch (cause) {
    throw cause instanceof BitloomError ? cause : readFailure(path, cause);
  } finally {
    await file?.close();
  }
}

async function readAll(file: FileHandle, path: string): Promise<Uint8Array> {
  const { size } = await file.stat();
  if (size > LARGEST_MESSAGE) throw failure(path, 'model-too-large', 'is larger than 2 GiB, the limit of protobuf');
  const bytes = new Uint8Array(size);
  for (let done = 0; done < size; ) {
    const { bytesRead } = await file.read(bytes, done, Math.min(SLICE, size - done), done);
    if (bytesRead === 0) throw failure(path, 'cannot-read', 'became shorter while it was read');
    done += bytesRead;
  }
  return bytes;
}

function failure(file: string, code: string, message: string): BitloomError {
  return new BitloomError({ kind: 'io', code, message, place: { file } });
}
