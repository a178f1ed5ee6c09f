// Values as kube-apiserver stores them in etcd: read their prefix, open them, seal them.

export {type OpenedValue, openStoredValue, wouldServe} from './open.ts';
export {readStoredPrefix, type StoredPrefix} from './prefix.ts';
export {sealStoredValue} from './seal.ts';
