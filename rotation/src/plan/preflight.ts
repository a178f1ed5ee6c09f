// Whether the ground is good enough for a rotation: servers that take the key, no foreign write provider, every stored
// value readable.

import {blockedListed} from '../limits.ts';
import {writeEntryOf} from '../model/layout.ts';
import type {UnreadableValue, ValuesReport} from '../model/node.ts';
import {isDue} from './delay.ts';
import {etcdReaders} from './etcd-readers.ts';
import type {Member} from './membership.ts';
import {changeRing, type Outcome, wait} from './plan.ts';
import {because, type Reason} from './reason.ts';
import {requestScan} from './verify.ts';
import type {View} from './view.ts';

/** Values that do not open, or not under one key alone, are looked at again after this, ms. */
const openAgainMs = 30_000;
/** While a list breaks, stored values are counted again after this, ms. */
const searchAgainMs = 60_000;

/** What stands against a rotation, or what must be asked before it. */
export function preflight(view: View): Outcome | undefined {
  const {observation, spec, members} = view;
  if (view.blockers.length > 0) return wait(...view.blockers);
  const fips = members.filter(({report}) => report.fipsOnly).map(({node}) => node);
  if (fips.length > 0)
    return wait(
      because('FipsRefusesAesgcm', `${fips.join(', ')}: kube-apiserver runs with FIPS-only cryptography`, fips),
    );
  const flagless = members.filter(({report}) => report.configPath === '').map(({node}) => node);
  if (flagless.length > 0)
    return wait(because('EncryptionFlagMissing', `${flagless.join(', ')}: no --encryption-provider-config`, flagless));
  if (!spec.adoption.replaceKMS && writesWithKms(view))
    return wait(because('KMSWriteProvider', 'a KMS provider writes; set spec.adoption.replaceKMS to replace it'));
  const values = checkValues(view);
  if (values !== undefined) return values;
  if (observation.lists.state === 'unknown')
    return wait(because('ReadFailed', `whether every list answers: ${observation.lists.why}`));
  if (observation.lists.state === 'absent') {
    return {
      kind: 'act',
      action: {do: 'checkLists', resources: spec.resources},
      reason: because('CheckingValues', 'every listed resource is listed once'),
    };
  }
  const broken = Object.entries(observation.lists.value).sort();
  if (broken.length > 0)
    return searchKeys(
      view,
      because('UnreadableValues', broken.map(([resource, detail]) => `${resource}: ${detail}`).join('; ')),
    );
  return undefined;
}

/** A list may break for want of a key that left the files: a scan tells which, and a history brings it back. */
function searchKeys(view: View, reason: Reason): Outcome {
  const {ring, observation} = view;
  const able = etcdReaders(view, 'scan').find(({report}) => report.server.state !== 'down');
  const due = ring.scan === undefined || isDue(ring.scan.atMs, searchAgainMs, observation.now.wallMs);
  if (able === undefined || !due || ring.layout.resources.length === 0) return wait(reason);
  return requestScan(view, able.node, reason);
}

const writesWithKms = ({members, spec}: View): boolean =>
  members.some(({report}) => {
    const {file} = report;
    if (file.state !== 'loadable') return false;
    return spec.resources.some((resource) => writeEntryOf(file.blocks, resource)?.startsWith('kms:') === true);
  });

/** Before the first rotation every stored value is opened once, where a node can read etcd. */
function checkValues(view: View): Outcome | undefined {
  const {ring} = view;
  if (ring.history.length > 0) return undefined;
  return requestValues(view);
}

/** Asks for a check of all values, waits for its answer, and lets nothing pass while a value is unreadable. */
export function requestValues(view: View): Outcome | undefined {
  const {ring, members} = view;
  const able = etcdReaders(view, 'values')[0];
  if (able === undefined) return undefined;
  const answered = members
    .map(({report}) => report.values)
    .find((values) => values !== undefined && values.id === ring.scan?.id);
  if (answered === undefined) {
    if (ring.checked !== undefined) return undefined;
    const asked = members.find(({node}) => ring.scan?.deep === true && node === ring.scan.node);
    if (asked === undefined) return openAll(view, able.node);
    return wait(unreadable(asked.report.values) ?? opening(asked.node));
  }
  const bad = unreadable(answered);
  if (bad !== undefined) return isOld(view, answered) ? openAll(view, able.node, bad) : wait(bad);
  if (ring.checked === answered.id) return undefined;
  return changeRing(
    ring,
    {checked: answered.id, scan: undefined},
    because('CheckingValues', `${answered.opened} values open`),
  );
}

/** A node's clock may be ahead of ours: then its answer is as old as the question. */
function isOld({ring, observation}: View, {completedAtMs}: ValuesReport): boolean {
  const {wallMs} = observation.now;
  return isDue(completedAtMs > wallMs ? (ring.scan?.atMs ?? 0) : completedAtMs, openAgainMs, wallMs);
}

const opening = (node: string): Reason => because('CheckingValues', `${node} opens every stored value`, [node]);

function openAll(view: View, node: string, reason = opening(node)): Outcome {
  const {ring, spec, observation} = view;
  const id = `values-${ring.epoch}-${ring.version}`;
  const scan = {id, resources: spec.resources, node, deep: true, atMs: observation.now.wallMs};
  return changeRing(ring, {scan, checked: undefined}, reason);
}

/** Values of the last check that a wrong key would open too; the check is made again now and then, since people cure them. */
export function ambiguousValues(view: View, {report, node}: Member): readonly UnreadableValue[] | Outcome {
  const {values} = report;
  const ambiguous = values?.unreadable.filter(({diagnosis}) => diagnosis === 'ambiguous') ?? [];
  return values !== undefined && ambiguous.length > 0 && isOld(view, values) ? openAll(view, node) : ambiguous;
}

/** What no key opens; `undefined` when there is nothing of that sort. */
function unreadable(values: ValuesReport | undefined): Reason | undefined {
  const bad = values?.unreadable.filter(({diagnosis}) => diagnosis !== 'ambiguous') ?? [];
  if (values === undefined || bad.length === 0) return undefined;
  const list = bad
    .slice(0, blockedListed)
    .map((each) => `${each.etcdKey} (key ${each.keyName}: ${each.diagnosis}, ${each.detail})`);
  return because('UnreadableValues', `${values.unreadableCount} values: ${list.join('; ')}`);
}
