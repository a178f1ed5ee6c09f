// Files and standard input as bytes, never more than a limit. What they hold may be secret, so that errors name the
// file and its length alone.

import {type FileHandle, open} from 'node:fs/promises';
import {UsageError} from './verb.ts';

/**
 * The bytes of a regular file.
 * @throws UsageError that names the file, for one that is absent, no regular file, unreadable or too long
 */
export async function readBounded(file: string, maxBytes: number): Promise<Uint8Array> {
  return withFile(file, async (handle) => {
    const stat = await handle.stat();
    if (!stat.isFile()) throw new UsageError(`${file}: expected a regular file`);
    if (stat.size > maxBytes) throw new UsageError(tooLong(file, maxBytes, stat.size));
    return handle.readFile();
  });
}

/**
 * The bytes of a file, of a pipe, or of standard input when the name is `-`; for what must not stand in an argument.
 * @throws UsageError as `readBounded`, and for a terminal
 */
export async function readSecretInput(file: string, maxBytes: number): Promise<Uint8Array> {
  if (file !== '-')
    return withFile(file, async (handle) => {
      if ((await handle.stat()).isDirectory()) throw new UsageError(`${file}: expected a file, got a folder`);
      return collect(handle.createReadStream({autoClose: false}), file, maxBytes);
    });
  if (process.stdin.isTTY === true)
    throw new UsageError('-: expected a file or pipe at standard input, got a terminal');
  return collect(process.stdin, 'standard input', maxBytes);
}

async function collect(stream: AsyncIterable<Uint8Array>, name: string, maxBytes: number): Promise<Uint8Array> {
  const out = new Uint8Array(maxBytes);
  let length = 0;
  try {
    for await (const chunk of stream) {
      if (length + chunk.length > maxBytes) throw new UsageError(tooLong(name, maxBytes, 'more'));
      out.set(chunk, length);
      length += chunk.length;
      chunk.fill(0);
    }
    return out.slice(0, length);
  } finally {
    out.fill(0);
  }
}

const tooLong = (name: string, most: number, got: number | string): string =>
  `${name}: expected at most ${most} bytes, got ${got}`;

async function withFile<T>(file: string, read: (handle: FileHandle) => Promise<T>): Promise<T> {
  try {
    const handle = await open(file, 'r');
    try {
      return await read(handle);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'it cannot be read';
    throw new UsageError(`${file}: ${code === 'ENOENT' ? 'there is no such file' : code}`);
  }
}
