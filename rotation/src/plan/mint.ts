// Minting (random strategy): one named node makes the next key; the ring takes it only if the sealed object and that
// node's report agree. An object that exists is never replaced, so an unknown result leads to the same key.

import {parseKeyName} from '@etcd-encryption/crypto';
import {keyObjectName} from '../model/key.ts';
import type {Ring, RingKey} from '../model/ring.ts';
import {sortKeys} from './adopt.ts';
import {changeRing, type Outcome, pass, type Rule, wait} from './plan.ts';
import {because} from './reason.ts';
import type {View} from './view.ts';

export const mint: Rule = {name: 'mint', apply};

function apply(view: View): Outcome {
  const {ring, observation, members} = view;
  if (view.spec.keyStrategy === 'deterministic') return pass;
  const minting = ring.minting;
  if (minting === undefined || ring.rotation === undefined) return pass;
  if (observation.keyObjects.state !== 'seen') return wait(because('ReadFailed', 'key objects could not be read'));
  const minter = members.find(({node}) => node === minting.node);
  const object = observation.keyObjects.value.find(({name}) => name === `r${minting.revision}`);
  if (minter === undefined) {
    const other = members[0];
    if (other === undefined) return wait(because('NoMembers', 'no node can make a key'));
    return changeRing(
      ring,
      {minting: {...minting, node: other.node}},
      because('Minting', `${other.node} instead of ${minting.node}`),
    );
  }
  const refused = minter.report.problems.find(
    ({reason, message}) => reason === 'ForeignKeyObject' && message.startsWith(`mint: r${minting.revision}:`),
  );
  if (refused !== undefined && minter.report.minted?.id !== minting.id) return mintPast(view, minting, refused.message);
  const report = minter.report.minted;
  if (object === undefined || report === undefined || report.id !== minting.id) {
    return wait(because('Minting', `${minting.node} makes r${minting.revision}`, [minting.node]));
  }
  const agree =
    report.name === object.key.name && report.check === object.key.check && report.revision === minting.revision;
  if (!agree || object.clusterId !== ring.clusterId || keyObjectName(object.key) !== object.name) {
    return wait(
      because('KeyMismatch', `r${minting.revision}: object and report of ${minting.node} disagree`, [minting.node]),
    );
  }
  const key: RingKey = {...object.key, createdAtMs: object.createdAtMs, mintedBy: object.createdBy};
  const rotation = {...ring.rotation, key: key.id};
  return changeRing(
    ring,
    {keys: view.keys.has(key.id) ? ring.keys : sortKeys([...ring.keys, key]), rotation, minting: undefined},
    because('Distributing', `${key.name} was made`),
  );
}

/** An object that stands in the way and is not ours is left alone; the key gets the next number. */
function mintPast(view: View, {node, revision: taken}: NonNullable<Ring['minting']>, why: string): Outcome {
  const {ring} = view;
  if (ring.rotation === undefined) return pass;
  const revision = Math.max(nextRevision(view), taken + 1);
  return changeRing(
    ring,
    {
      rotation: {...ring.rotation, revision},
      minting: {revision, node, id: `mint-r${revision}-${ring.epoch}-${ring.version}`},
    },
    because('ForeignKeyObject', `${why}; r${revision} is made instead`, [node]),
  );
}

/** One above every revision that any file, history, object, certificate or stored value here ever named. */
export function nextRevision({ring, observation, members}: View): number {
  const seen = [
    0,
    ...ring.keys.map(({revision}) => revision),
    ...ring.history.map(({revision}) => revision),
    ...ring.certificates.map(({key}) => parseKeyName(key)?.revision ?? 0),
    ...(observation.keyObjects.state === 'seen' ? observation.keyObjects.value.map(({key}) => key.revision) : []),
  ];
  for (const {report} of members) {
    seen.push(report.highest.revision, ...report.found.map(({revision}) => revision));
    for (const counts of Object.values(report.scan?.counts ?? {})) {
      seen.push(...Object.keys(counts).map((label) => parseKeyName(label.replace(/^aesgcm:/, ''))?.revision ?? 0));
    }
  }
  return Math.max(...seen) + 1;
}
