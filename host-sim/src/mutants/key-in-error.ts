// An error says what it was about, in full.

import {toBase64} from '@etcd-encryption/crypto';
import {
  doNodeAction,
  type EngineParts,
  failed,
  type NodeAction,
  type NodeDeed,
  type Result,
  type Step,
} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';

export const keyInError: Mutant = {
  name: 'key bytes in an error message',
  what: 'a node’s first write of a file is refused, and the refusal quotes the key that stands in front',
  diesBy: ['S12 secrecy'],
  parts,
};

function parts(): EngineParts {
  const told = new Set<string>();
  function* quoting(deed: NodeDeed, action: NodeAction): Step<Result<unknown>> {
    const key = action.do === 'writeFile' ? quoted(deed, action.blocks[0]?.order ?? []) : undefined;
    if (key === undefined || told.has(deed.observation.node)) return yield* doNodeAction(deed, action);
    told.add(deed.observation.node);
    return failed('invalid', `expected a key that is known, got ${key}`);
  }
  return {deeds: {node: quoting}};
}

const quoted = ({memory}: NodeDeed, order: readonly string[]): string | undefined =>
  order
    .map((entry) => memory.keys.get(entry))
    .find((key) => key !== undefined)
    ?.secret.withBytes((bytes) => toBase64(bytes));
