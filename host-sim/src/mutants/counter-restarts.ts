// After a restore the numbers go on from what etcd has.

import type {NodeDeed, Outcome, View} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {onSide, preparing, recordUnseen, requestBundle} from './pair-parts.ts';
import {withRule} from './parts.ts';

export const counterRestarts: Mutant = {
  name: 'after a restore the revision counter restarts',
  what: 'the next bundle follows the restored one in revision and generation; what nodes accepted since is not asked',
  diesBy: ['S5 one name, one key', 'S6 lineage'],
  parts: onSide('east', () => ({
    ...withRule('publish', (apply) => (view) => recordUnseen(view) ?? restarted(view) ?? apply(view)),
    deeds: {node: preparing(storedBundle)},
  })),
};

function restarted(view: View): Outcome | undefined {
  const {restored, following, publications = []} = view.ring;
  const newest = following?.entries.at(-1);
  if (restored?.merged !== true || newest === undefined) return undefined;
  if (publications.some(({atMs}) => atMs > restored.atMs)) return undefined;
  return requestBundle(view, {kind: 'next', revision: newest.revision + 1});
}

const storedBundle = ({observation: {derivation}}: NodeDeed): string | undefined => derivation?.bytes;
