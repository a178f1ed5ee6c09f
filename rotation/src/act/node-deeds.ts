// The agent's deeds: each is small, safe to repeat and safe to stop after. Bytes of keys are touched only in `act`.

import {utf8} from '@etcd-encryption/crypto';
import {statePath} from '../model/file-paths.ts';
import {formatTime} from '../model/time-text.ts';
import type {NodeAction} from '../plan/node-plan.ts';
import {ask, type Result, type Step} from '../ports.ts';
import {writeAtomically} from './atomic-write.ts';
import {endTrial, restoreConfiguration, writeConfiguration} from './configuration.ts';
import {makeIdentity} from './identity.ts';
import {appendKeys} from './keep-keys.ts';
import {mintKey} from './mint-key.ts';
import type {NodeDeed} from './node-deed.ts';
import {prepareBundle} from './prepare-bundle.ts';
import {openKey, reseal, sealKey} from './sealed-keys.ts';

/** Does one action of the node plan. */
export function* doNodeAction(deed: NodeDeed, action: NodeAction): Step<Result<unknown>> {
  switch (action.do) {
    case 'makeIdentity':
      return yield* makeIdentity();
    case 'moveAside':
      return yield* moveAside(deed, action.path);
    case 'appendHistory':
      return yield* appendKeys(deed, action.keys);
    case 'openKey':
      return yield* openKey(deed, action.object);
    case 'sealKey':
      return yield* sealKey(deed, action.key);
    case 'reseal':
      return yield* reseal(deed, action.object);
    case 'mint':
      return yield* mintKey(deed, action.id, action.revision);
    case 'prepareBundle':
      return yield* prepareBundle(deed, action.request);
    case 'writeFile':
      return yield* writeConfiguration(deed, action.blocks);
    case 'restoreFile':
      return yield* restoreConfiguration(deed, action);
    case 'writeState': {
      const bytes = utf8(`${JSON.stringify(action.state)}\n`);
      return yield* writeAtomically({path: statePath, bytes, mode: 0o600, check: () => undefined});
    }
    case 'endTrial':
      return yield* endTrial();
    default:
      return action satisfies never;
  }
}

/** A file that is not ours is kept, under a name that says when it was found; its keys are in the key ring already. */
function* moveAside({observation}: NodeDeed, path: string): Step<Result<undefined>> {
  const to = `${path}.found-${formatTime(observation.now.wallMs).replaceAll(':', '')}`;
  const moved = yield* ask('files.rename', {from: path, to});
  if (!moved.ok) return moved;
  return yield* ask('files.syncDirectory', {path: path.slice(0, path.lastIndexOf('/'))});
}
