// Writes key material to a file of its own that only its owner may read. It never goes to a terminal: whatever exists
// already, a device or a pipe too, is refused.

import {open, unlink} from 'node:fs/promises';
import {type DataKey, toBase64, utf8} from '@etcd-encryption/crypto';
import {UsageError} from './verb.ts';

/**
 * Makes `file` with mode 0600 and writes the keys as they stand in a configuration, newest first: JSON of
 * `{name, secret}` with base64. The texts on the way cannot be wiped in JavaScript; the bytes are.
 * @throws UsageError for a file that is there or cannot be made
 */
export async function writeKeyMaterial(file: string, keys: readonly DataKey[]): Promise<void> {
  if (file === '-') throw new UsageError('--reveal: expected a new file, got standard output');
  const handle = await open(file, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'EEXIST' ? 'expected a new file, this one exists' : (error.code ?? 'cannot be made');
    throw new UsageError(`--reveal ${file}: ${why}`);
  });
  const newestFirst = [...keys].sort((a, b) => b.revision - a.revision);
  const bytes = utf8(
    `${JSON.stringify(
      newestFirst.map(({name, secret}) => ({name, secret: secret.withBytes(toBase64)})),
      undefined,
      2,
    )}\n`,
  );
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } catch (error) {
    await unlink(file);
    throw error;
  } finally {
    bytes.fill(0);
    await handle.close();
  }
}
