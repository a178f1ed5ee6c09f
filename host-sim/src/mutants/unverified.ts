// A rotation that ends with its last page: what stored values say is not asked.

import type {EngineParts, View} from '@etcd-encryption/rotation';
import {withRule} from './parts.ts';

/** The engine that believes its marks. */
export const unverified = (): EngineParts => withRule('verify', (apply) => (view) => apply(believed(view)));

function believed(view: View): View {
  const {rotation} = view.ring;
  if (rotation?.convergedAtMs === undefined || rotation.migration.some(({state}) => state !== 'done')) return view;
  return {...view, ring: {...view.ring, rotation: {...rotation, verifiedBy: 'scan'}}};
}
