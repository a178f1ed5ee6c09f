// `deriveDataKeys` as its users call it: settings and seeds are validated, contexts encoded, keys and check values made
// (12 compressions of SHA-512 each), names and objects built. Rivals do the same work on their own hashing.

import {
  concat,
  type DataKey,
  deriveDataKey,
  deriveDataKeys,
  encodeContext,
  hex,
  proveBackend,
  Secret,
  utf8,
} from '@etcd-encryption/crypto';
import {type CaseFile, sideOf, type TimedCase, type Way} from '../case.ts';
import {keyBytes, revisionSeeds, rootKey, settings} from '../inputs.ts';
import {singleCalls} from '../limits.ts';
import {ourBackend} from '../ours.ts';
import {loadRivals} from '../rivals/index.ts';
import {backendOf} from '../rivals/rival.ts';
import {importRoot, webHkdf, webHmac} from '../rivals/webcrypto.ts';

/** What the work gives, whoever does it. */
type Keys = readonly Pick<DataKey, 'revision' | 'name' | 'checkValue' | 'secret'>[];

export const dataKeysBatch: CaseFile = {
  name: 'data-keys-batch',
  load: () =>
    dataKeysCase({
      name: 'data-keys-batch',
      title: `deriveDataKeys of ${revisionSeeds.length} revisions, with check values, names and objects`,
      units: revisionSeeds.length,
      work: (backend) => deriveDataKeys(settings, revisionSeeds, backend),
      webWork: () => webKeys(revisionSeeds),
    }),
};

const singles = revisionSeeds.slice(0, singleCalls);

export const dataKeysSingle: CaseFile = {
  name: 'data-keys-single',
  load: () =>
    dataKeysCase({
      name: 'data-keys-single',
      title: 'deriveDataKey of one revision, with check value, name and object',
      units: singles.length,
      work: (backend) => singles.map((entry) => deriveDataKey({...settings, ...entry}, backend)),
      webWork: async () => {
        const keys: Keys[number][] = [];
        for (const entry of singles) keys.push(...(await webKeys([entry])));
        return keys;
      },
    }),
};

interface DataKeysWork {
  readonly name: string;
  readonly title: string;
  readonly units: number;
  readonly work: (backend: typeof ourBackend) => Keys;
  readonly webWork: () => Promise<Keys>;
}

async function dataKeysCase({name, title, units, work, webWork}: DataKeysWork): Promise<TimedCase> {
  const ways: Way<Keys>[] = (await loadRivals()).map((rival) => {
    const backend = proveBackend(backendOf(rival));
    return {name: rival.name, family: rival.family, work: () => work(backend)};
  });
  const web = {name: 'webcrypto', family: 'node:crypto', work: webWork};
  return {
    kind: 'timed',
    name,
    title,
    unit: 'key',
    units,
    ours: sideOf({name: ourBackend.name, family: 'ours', work: () => work(ourBackend)}, bytesOf),
    rivals: [...ways, web].map((way) => sideOf(way, bytesOf)),
    skipped: [],
  };
}

function bytesOf(keys: Keys): Uint8Array {
  return concat(
    ...keys.flatMap(({revision, name, checkValue, secret}) => [
      utf8(`${revision} ${name} ${checkValue} `),
      secret.withBytes((bytes) => new Uint8Array(bytes)),
    ]),
  );
}

const checkText = utf8('etcd-encryption/key-check/v1');

/** The same keys through the asynchronous interface, which cannot be a backend: all of them at once. */
async function webKeys(entries: typeof revisionSeeds): Promise<Keys> {
  const {replicationGroupId, dimension = 'default'} = settings;
  const root = await importRoot(rootKey);
  return Promise.all(
    entries.map(async ({revision, seed}) => {
      const context = encodeContext({
        purpose: 'aesgcm-256',
        replicationGroupId,
        dimension,
        revision,
        length: keyBytes,
      });
      const key = await webHkdf(root, seed, context);
      const checkValue = hex((await webHmac(key, checkText)).subarray(0, 8));
      return {revision, name: `r${revision}-${checkValue.slice(0, 8)}`, checkValue, secret: new Secret(key)};
    }),
  );
}
