// Whoever becomes Active makes the revision that waits already, with a seed of its own.

import type {NodeDeed, Outcome, View} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {isInstalled, onSide, preparing, recordUnseen, requestBundle} from './pair-parts.ts';
import {withRule} from './parts.ts';

export const publishedAgain: Mutant = {
  name: 'a new Active makes the published revision again',
  what: 'its first bundle has another seed in place of the newest entry, and nobody looks at what the node made',
  diesBy: ['S5 one name, one key', 'S6 lineage'],
  parts: onSide('west', () => ({
    ...withRule('publish', (apply) => (view) => recordUnseen(view) ?? again(view) ?? apply(view)),
    deeds: {node: preparing(withoutNewest)},
  })),
};

function again(view: View): Outcome | undefined {
  const {following, publications} = view.ring;
  const newest = following?.entries.at(-1);
  if (newest === undefined || publications !== undefined || isInstalled(view)) return undefined;
  return requestBundle(view, {kind: 'fresh', revision: newest.revision});
}

/** The accepted bundle without its newest entry, opened for the agent. */
function withoutNewest({memory, observation: {state}}: NodeDeed): string | undefined {
  const {opened} = memory.derivation ?? {};
  const accepted = opened?.get(state.state === 'seen' ? state.value.bundle : '');
  if (opened === undefined || accepted?.content.outcome !== 'ok') return undefined;
  const {bundle, ref, keys} = accepted.content;
  const content = {
    outcome: 'ok' as const,
    bundle: {...bundle, entries: bundle.entries.slice(0, -1)},
    ref: {...ref, entries: ref.entries.slice(0, -1)},
    keys: keys.slice(0, -1),
  };
  opened.set(shortened, {...accepted, content});
  return shortened;
}

const shortened = 'without the newest';
