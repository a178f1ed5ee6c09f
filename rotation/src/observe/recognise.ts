// What a server has loaded, when the file it came from is gone: our bytes are canonical, so the file is made once more
// from the ring and the keys held, and its hash says whether it was that one.

import {formatEncryptionConfiguration} from '@etcd-encryption/crypto/encryption-configuration';
import {sha256Hex} from '@etcd-encryption/crypto/sha256';
import {materialise, refOf} from '../model/key-ring.ts';
import {type Layout, renderLayout} from '../model/layout.ts';
import type {Ring} from '../model/ring.ts';
import type {AgentMemory} from './agent-memory.ts';

/**
 * Bytes of a file of this ring that have the given hash; `undefined` when none has. Every node's file differs from the
 * ring's at most in the key that it writes with until its server has loaded the ring's.
 */
export function recogniseLoaded(
  memory: Pick<AgentMemory, 'keys'>,
  ring: Ring,
  loadedHash: string,
): Uint8Array | undefined {
  const refs = new Map([...memory.keys].map(([id, key]) => [id, refOf(key)]));
  const layouts = ring.trial === undefined ? [ring.layout] : [ring.layout, ring.trial.layout];
  for (const layout of layouts) {
    for (const candidate of [layout, ...layout.keys.map((write) => writingWith(layout, write))]) {
      const blocks = renderLayout(candidate, refs, () => undefined);
      if (blocks.length === 0) continue;
      const configuration = materialise(blocks, memory.keys);
      if ('missing' in configuration) continue;
      const bytes = formatEncryptionConfiguration(configuration);
      if (sha256Hex(bytes) === loadedHash) return bytes;
      bytes.fill(0);
    }
  }
  return undefined;
}

const writingWith = (layout: Layout, write: string): Layout => ({
  ...layout,
  resources: layout.resources.map((each) => ({...each, write})),
});
