// Encryption configurations for the assumptions: blocks of entries in the order in which a server shall try them. The
// keys are no secrets.

/** `identity`, or a key name; `name=x` is a key of that name made of another letter. */
export type Entry = string;

/** The first one writes in the usual file. */
export const [newer, older] = ['r2-newer', 'r1-older'] as const;

interface BlockText {
  readonly resources: readonly string[];
  readonly order: readonly Entry[];
}

/** 32 bytes in base64: one letter, 42 times, and a last one that leaves no bit over. */
function keyOf(entry: Entry): {readonly name: string; readonly secret: string} {
  const [name = '', letter = name.charAt(1)] = entry.split('=');
  return {name, secret: `${letter.repeat(42)}A=`};
}

/** Neighbouring keys share a provider, as in the files that we write. */
function providersOf(order: readonly Entry[]): readonly unknown[] {
  const groups: Entry[][] = [];
  for (const entry of order) {
    const last = groups.at(-1);
    if (entry === 'identity' || last === undefined || last[0] === 'identity') groups.push([entry]);
    else last.push(entry);
  }
  return groups.map((group) => (group[0] === 'identity' ? {identity: {}} : {aesgcm: {keys: group.map(keyOf)}}));
}

export function configuration(...blocks: readonly BlockText[]): Uint8Array {
  const resources = blocks.map(({resources: listed, order}) => ({resources: listed, providers: providersOf(order)}));
  const head = {apiVersion: 'apiserver.config.k8s.io/v1', kind: 'EncryptionConfiguration'};
  return new TextEncoder().encode(JSON.stringify({...head, resources}));
}

export const file = (...order: readonly Entry[]): Uint8Array =>
  configuration({resources: ['secrets', 'configmaps'], order});

export const usualFile = file(newer, older, 'identity');
export const olderFirst = file(older, newer, 'identity');
export const refusedFile = new TextEncoder().encode('{"kind": "Nothing"}');
