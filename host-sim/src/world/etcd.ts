// etcd, as far as kube-apiserver uses it: keys in order, one revision for all, every version kept until compaction,
// writes that compare the modification revision.

import type {StoredValue} from './stored-value.ts';

export interface KeyValue {
  readonly key: string;
  readonly value: StoredValue;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
}

/** One write, told to whoever watches. */
export interface Commit {
  readonly key: string;
  readonly revision: number;
  readonly previous: KeyValue | undefined;
  /** Undefined for a deletion. */
  readonly current: KeyValue | undefined;
  /** Who wrote: `user/…`, `program/…`, `server/…`, `world`. */
  readonly writer: string;
}

interface Deletion {
  readonly key: string;
  readonly value: undefined;
  readonly modRevision: number;
}
type Version = KeyValue | Deletion;

interface Superseded {
  readonly version: Version;
  readonly atRevision: number;
}

export interface EtcdListener {
  /** History is about to be forgotten. */
  readonly onCompaction?: () => void;
  /** A write is about to happen; time may go back in here, and whatever is decided on is looked at again. */
  readonly beforeCommit?: (key: string, present: KeyValue | undefined, next: StoredValue | undefined) => void;
  readonly onCommit?: (commit: Commit) => void;
  /** A version that no longer exists, not even as history. */
  readonly onForgotten?: (version: KeyValue) => void;
}

/** Everything that an etcd holds, and its revision. */
export interface EtcdContent {
  readonly items: readonly KeyValue[];
  readonly revision: number;
}

export interface RangeRequest {
  readonly prefix: string;
  readonly startKey?: string;
  readonly limit: number;
  readonly atRevision?: number;
}

export interface RangeAnswer {
  readonly items: readonly KeyValue[];
  readonly nextKey?: string;
  /** Items after the last one of this page. */
  readonly remaining: number;
}

export class Etcd {
  readonly #versions = new Map<string, Version[]>();
  readonly #sorted: string[] = [];
  readonly #superseded: Superseded[] = [];
  readonly #listeners: EtcdListener[] = [];
  #revision = 1;
  #compacted = 0;
  #forgottenUpTo = 0;

  get revision(): number {
    return this.#revision;
  }

  /** History below this revision is gone; a read at exactly this revision still answers. */
  get compactedRevision(): number {
    return this.#compacted;
  }

  listen(listener: EtcdListener): void {
    this.#listeners.push(listener);
  }

  get(key: string, atRevision = this.#revision): KeyValue | undefined {
    const version = versionAt(this.#versions.get(key), atRevision);
    return version?.value === undefined ? undefined : version;
  }

  range({prefix, startKey = prefix, limit, atRevision = this.#revision}: RangeRequest): RangeAnswer {
    const items: KeyValue[] = [];
    let nextKey: string | undefined;
    let remaining = 0;
    const from = startKey < prefix ? prefix : startKey;
    for (let index = this.#placeOf(from); index < this.#sorted.length; index++) {
      const key = this.#sorted[index];
      if (key === undefined || !key.startsWith(prefix)) break;
      const item = this.get(key, atRevision);
      if (item === undefined) continue;
      if (items.length < limit) items.push(item);
      else {
        nextKey ??= key;
        remaining++;
      }
    }
    return nextKey === undefined ? {items, remaining} : {items, remaining, nextKey};
  }

  /**
   * Writes if the key's modification revision is still `expected` (0 = the key does not exist).
   * @returns undefined when it has moved on
   */
  put(key: string, value: StoredValue, expected: number, writer: string): KeyValue | undefined {
    if ((this.get(key)?.modRevision ?? 0) !== expected) return undefined;
    const previous = this.#announce(key, value);
    if ((previous?.modRevision ?? 0) !== expected) return undefined;
    const revision = ++this.#revision;
    const current: KeyValue = {
      key,
      value,
      createRevision: previous?.createRevision ?? revision,
      modRevision: revision,
      version: (previous?.version ?? 0) + 1,
    };
    this.#append(key, current);
    this.#tell({key, revision, previous, current, writer});
    return current;
  }

  /** Deletes if the key's modification revision is still `expected`; whether it did. */
  delete(key: string, expected: number, writer: string): boolean {
    if (this.get(key)?.modRevision !== expected) return false;
    const previous = this.#announce(key, undefined);
    if (previous === undefined || previous.modRevision !== expected) return false;
    const revision = ++this.#revision;
    this.#append(key, {key, value: undefined, modRevision: revision});
    this.#tell({key, revision, previous, current: undefined, writer});
    return true;
  }

  /**
   * Takes over what another etcd held, with its revisions, in an etcd that is younger than that: what is here stays as
   * history under keys that come.
   * @throws RangeError where this one has gone further
   */
  load({items, revision}: EtcdContent, writer: string): void {
    if (this.#revision > revision)
      throw new RangeError(`revision: expected at most ${revision}, got ${this.#revision}`);
    for (const item of [...items].sort((a, b) => a.modRevision - b.modRevision)) {
      const previous = this.#announce(item.key, item.value);
      this.#revision = Math.max(this.#revision, item.modRevision);
      this.#append(item.key, item);
      this.#tell({key: item.key, revision: item.modRevision, previous, current: item, writer});
    }
    this.#revision = revision;
  }

  /** Forgets what was overwritten or deleted at or before `revision`. */
  compact(revision: number): void {
    if (revision <= this.#compacted) return;
    for (const listener of this.#listeners) listener.onCompaction?.();
    this.#compacted = Math.min(revision, this.#revision);
    const touched = new Set<string>();
    let done = this.#forgottenUpTo;
    for (; done < this.#superseded.length; done++) {
      const entry = this.#superseded[done];
      if (entry === undefined || entry.atRevision > this.#compacted) break;
      touched.add(entry.version.key);
      if (entry.version.value === undefined) continue;
      for (const listener of this.#listeners) listener.onForgotten?.(entry.version);
    }
    this.#forgottenUpTo = done;
    if (done > 1_000) {
      this.#superseded.splice(0, done);
      this.#forgottenUpTo = 0;
    }
    for (const key of touched) this.#trim(key);
  }

  #trim(key: string): void {
    const versions = this.#versions.get(key) ?? [];
    let keep = versions.length - 1;
    while (keep > 0 && (versions[keep]?.modRevision ?? 0) > this.#compacted) keep--;
    const rest = versions.slice(keep);
    const [first] = rest;
    if (first?.value === undefined && (first?.modRevision ?? 0) <= this.#compacted) rest.shift();
    if (rest.length > 0) {
      this.#versions.set(key, rest);
      return;
    }
    this.#versions.delete(key);
    this.#sorted.splice(this.#placeOf(key), 1);
  }

  #append(key: string, version: Version): void {
    const versions = this.#versions.get(key);
    if (versions === undefined) {
      this.#versions.set(key, [version]);
      this.#sorted.splice(this.#placeOf(key), 0, key);
    } else {
      const last = versions.at(-1);
      if (last !== undefined) this.#superseded.push({version: last, atRevision: version.modRevision});
      versions.push(version);
    }
    if (version.value === undefined) this.#superseded.push({version, atRevision: version.modRevision});
  }

  /** Tells that a key is about to be written; what stands there then. */
  #announce(key: string, next: StoredValue | undefined): KeyValue | undefined {
    const present = this.get(key);
    for (const listener of this.#listeners) listener.beforeCommit?.(key, present, next);
    return this.get(key);
  }

  #tell(commit: Commit): void {
    for (const listener of this.#listeners) listener.onCommit?.(commit);
  }

  /** Index of the first sorted key that is not before `key`. */
  #placeOf(key: string): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sorted[middle] ?? '') < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function versionAt(versions: readonly Version[] | undefined, revision: number): Version | undefined {
  if (versions === undefined) return undefined;
  for (let index = versions.length - 1; index >= 0; index--) {
    const version = versions[index];
    if (version !== undefined && version.modRevision <= revision) return version;
  }
  return undefined;
}
