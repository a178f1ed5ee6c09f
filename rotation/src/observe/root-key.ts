// The root key: read from its Secret each period and held by the agent alone. What is said of it are tags that two
// sides can compare, and why a Secret holds no root key; never a byte of it.

import {fingerprint, fromBase64, Secret, type Settings} from '@etcd-encryption/crypto';
import type {DerivationSettings, RootReport} from '../model/bundle.ts';
import {rootKeyField, secretResource} from '../model/resource-types.ts';
import {ask, type Step, type StoredObject} from '../ports.ts';

/** A root key that is one, with its tags. */
export interface RootKey {
  readonly secret: Secret;
  readonly report: Extract<RootReport, {state: 'ready'}>;
}

export interface ReadRootKey {
  readonly report: RootReport;
  /** Absent where the Secret is gone or holds no root key; after a failed read the one that was held. */
  readonly root: RootKey | undefined;
}

/** Fields of a Secret that are named where none is `root-key`. */
const maxNamedFields = 4;
/** A longer name may be the key itself, put in the wrong place. */
const maxNameLength = 20;

/** What derivations start from. */
export const settingsWith = ({replicationGroupId, dimension}: DerivationSettings, rootKey: Secret): Settings => ({
  rootKey,
  replicationGroupId,
  dimension,
});

/** Reads the root Secret. `held` is the root key of these same settings, if there is one. */
export function* readRootKey(settings: DerivationSettings, held: RootKey | undefined): Step<ReadRootKey> {
  const {namespace, name} = settings.rootSecret;
  const place = `Secret ${namespace}/${name}`;
  const answer = yield* ask('store.get', {resource: secretResource, namespace, name});
  if (!answer.ok) {
    const {code, message} = answer.error;
    return {report: {state: 'unknown', why: `${place}: ${code}: ${message}`}, root: held};
  }
  if (answer.value === undefined) return without('missing', `${place}: there is none`);
  const text = dataOf(answer.value)[rootKeyField];
  if (typeof text !== 'string') return without('missing', `${place}: ${missingField(answer.value)}`);
  const decoded = fromBase64(text);
  if (decoded.outcome !== 'ok') return without('refused', `${place}, ${rootKeyField}: expected base64`);
  try {
    return judge(settings, decoded.bytes, {held, place});
  } finally {
    decoded.bytes.fill(0);
  }
}

const without = (state: 'missing' | 'refused', why: string): ReadRootKey => ({report: {state, why}, root: undefined});

const dataOf = ({data}: StoredObject): Readonly<Record<string, unknown>> =>
  typeof data === 'object' && data !== null ? (data as Readonly<Record<string, unknown>>) : {};

function missingField(object: StoredObject): string {
  const names = Object.keys(dataOf(object)).sort();
  const shown = names.filter(({length}) => length <= maxNameLength).slice(0, maxNamedFields);
  const rest = names.length - shown.length;
  const others = [...shown, ...(rest === 0 ? [] : [`${rest} more`])].join(', ');
  return `expected a field ${rootKeyField}, got ${others === '' ? 'none' : others}`;
}

function judge(
  settings: DerivationSettings,
  bytes: Uint8Array,
  {held, place}: {readonly held: RootKey | undefined; readonly place: string},
): ReadRootKey {
  if (held?.secret.equals(bytes) === true) return {report: held.report, root: held};
  const secret = new Secret(bytes);
  try {
    const {rootCheck = '', groupTag = '', dimensionTag = ''} = fingerprint(settingsWith(settings, secret), []);
    const report = {state: 'ready', rootCheck, groupTag, dimensionTag} as const;
    return {report, root: {secret, report}};
  } catch (error) {
    secret.wipe();
    return without('refused', refusal(error, place));
  }
}

/** Crypto's words name the setting and the likely cause and hold nothing of it. */
function refusal(error: unknown, place: string): string {
  const words = error instanceof Error ? error.message : 'it is refused';
  return words.startsWith('rootKey: ') ? `${place}, ${rootKeyField}: ${words.slice('rootKey: '.length)}` : words;
}
