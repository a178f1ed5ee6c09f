// What an agent does with sealed keys: opens, seals and makes them at the ring's request, and for whom.

import {keyObjectName} from '../model/key.ts';
import type {KeyObject, Problem} from '../model/node.ts';
import type {NodeObservation} from '../model/node-observation.ts';
import type {Ring, RingKey} from '../model/ring.ts';
import {whyNotDerived} from './node-derivation.ts';
import {type NodeAction, problem} from './node-plan.ts';

/** Opening, sealing and making keys at the ring's request. */
export function keyActions(o: NodeObservation, ring: Ring, problems: Problem[]): readonly NodeAction[] {
  if (o.keyObjects.state !== 'seen' || o.recipient.state !== 'seen') return [];
  const objects = new Map(o.keyObjects.value.map((object) => [object.name, object]));
  const actions: NodeAction[] = [];
  const opening = new Set<string>();
  for (const key of [...ring.keys].sort((a, b) => a.revision - b.revision)) {
    const name = keyObjectName(key);
    const object = objectFor(key, objects.get(name));
    if (!o.held.has(key.id) && object !== undefined) {
      const chain = voucherChain(o, objects, object).filter((each) => !opening.has(each));
      for (const each of chain) opening.add(each);
      actions.push(...chain.map((each): NodeAction => ({do: 'openKey', object: each})));
    }
    if (!o.held.has(key.id) && object === undefined) problems.push(problem('KeyNotHeld', notHeld(o, key)));
    const needsObject = key.derived !== true || (isRootChanged(o, ring) && !objects.has(name));
    if (o.held.has(key.id) && object === undefined && needsObject && o.recipients.state === 'seen')
      actions.push({do: 'sealKey', key: key.id});
    if (o.held.has(key.id) && object !== undefined && lacksRecipient(o, object.recipients))
      actions.push({do: 'reseal', object: name});
  }
  const minting = ring.minting;
  const minted = o.previous.state === 'seen' ? o.previous.value.minted : undefined;
  if (minting !== undefined && minting.node === o.node && minted?.id !== minting.id && o.recipients.state === 'seen') {
    actions.push({do: 'mint', id: minting.id, revision: minting.revision});
  }
  return actions;
}

/** The Secret holds another root key than the one that the followed bundle is under: its keys can be derived no more. */
const isRootChanged = ({derivation}: NodeObservation, {following}: Ring): boolean =>
  derivation?.root.state === 'ready' &&
  following?.rootCheck !== undefined &&
  derivation.root.rootCheck !== following.rootCheck;

/** A derived key may have an object, made before a change of root; the object of another key of its revision is not its. */
const objectFor = (key: RingKey, object: KeyObject | undefined): KeyObject | undefined =>
  key.derived === true && object?.key.check !== key.check ? undefined : object;

const notHeld = (o: NodeObservation, key: RingKey): string =>
  (key.derived === true ? whyNotDerived(o, key) : undefined) ?? `no sealed object holds ${key.name}`;

/** Objects to open in order: those that vouch for an object, as far as they are there, then itself. */
function voucherChain(
  o: NodeObservation,
  objects: ReadonlyMap<string, KeyObject>,
  object: KeyObject,
): readonly string[] {
  const chain: string[] = [object.name];
  let voucher = object.voucher?.key;
  while (voucher !== undefined && !o.held.has(voucher)) {
    const next = [...objects.values()].find(({key}) => key.id === voucher);
    if (next === undefined || chain.includes(next.name)) break;
    chain.unshift(next.name);
    voucher = next.voucher?.key;
  }
  return chain;
}

/** Everybody a key is sealed for: all genuine control-plane nodes and the recovery recipients. */
export function wantedRecipients(o: NodeObservation): readonly string[] {
  const nodes =
    o.recipients.state === 'seen'
      ? o.recipients.value.filter(({genuine}) => genuine).map(({recipient}) => recipient)
      : [];
  const own = o.recipient.state === 'seen' ? [o.recipient.value] : [];
  return [...new Set([...nodes, ...own, ...o.recoveryRecipients])].filter((each) => each !== '').sort();
}

const lacksRecipient = (o: NodeObservation, recipients: readonly string[]): boolean =>
  o.recipients.state === 'seen' && wantedRecipients(o).some((each) => !recipients.includes(each));

/** Who asks for keys and is no control-plane node; what a forgotten node left behind is no question. */
export function strangers(o: NodeObservation, ring: Ring | undefined): readonly Problem[] {
  if (o.recipients.state !== 'seen') return [];
  return o.recipients.value
    .filter(
      ({node, genuine}) => !genuine && node !== o.node && ring?.forgotten.some((each) => each.node === node) !== true,
    )
    .map(({node}) =>
      problem('UnknownRecipient', `${node} has neither a control-plane Node nor a server; no key is sealed for it`),
    );
}
