// Codecs of lists, of maps with stated fields, and of maps that one of their fields gives a kind.

import {isMap, isSeq} from 'yaml';
import {type Codec, mapped} from './codec.ts';
import {
  describe,
  type Entry,
  entriesOf,
  fieldPlace,
  itemPlaces,
  type Place,
  quote,
  type Reading,
  report,
} from './place.ts';

interface ListForm<T> {
  readonly expected: string;
  readonly least?: number;
  readonly most: number;
  /** A condition on items beside each other; an item with problems is `undefined`. */
  readonly check?: (items: readonly (T | undefined)[], places: readonly Place[], reading: Reading) => void;
}

export function list<T>(item: Codec<T>, {expected, least = 0, most, check}: ListForm<T>): Codec<readonly T[]> {
  return {
    expected,
    read: (place, reading) => {
      if (!isSeq(place.node)) return report(reading, place, expected);
      const {length} = place.node.items;
      if (length < least || length > most) return report(reading, place, expected, `${length} items`);
      const before = reading.findings.length;
      const places = itemPlaces(place);
      const items = places.map((each) => item.read(each, reading));
      check?.(items, places, reading);
      const known = items.filter((each) => each !== undefined);
      return reading.findings.length > before || known.length < length ? undefined : known;
    },
    write: (items) => items.map((each) => item.write(each)),
  };
}

/** A list whose only item may stand there without a list around it; written so as well. */
export function oneOrMore<T>(item: Codec<T>, form: ListForm<T>): Codec<readonly T[]> {
  const many = list(item, {least: 1, ...form});
  return {
    expected: many.expected,
    read: (place, reading) => {
      if (isSeq(place.node)) return many.read(place, reading);
      const one = item.read(place, reading);
      return one === undefined ? undefined : [one];
    },
    write: (items) => {
      const [first, ...rest] = items;
      return first !== undefined && rest.length === 0 ? item.write(first) : many.write(items);
    },
  };
}

interface Field<T, Optional extends boolean> {
  readonly name: string;
  readonly codec: Codec<T>;
  readonly optional: Optional;
}
/** Each property of `T` by its name in the file; what may be absent in one may be absent in the other. */
export type Fields<T> = {
  readonly [K in keyof T]-?: Field<Exclude<T[K], undefined>, Record<never, never> extends Pick<T, K> ? true : false>;
};
export const need = <T>(name: string, codec: Codec<T>): Field<T, false> => ({name, codec, optional: false});
export const may = <T>(name: string, codec: Codec<T>): Field<T, true> => ({name, codec, optional: true});

/** A map with exactly these fields, read in the order in which they are stated here. */
export function record<T extends object>(expected: string, fields: Fields<T>): Codec<T> {
  // Each codec is only ever handed what stands under its own property.
  const all = Object.entries(fields as unknown as Readonly<Record<string, Field<unknown, boolean>>>);
  const names = all.map(([, {name}]) => name);
  return {
    expected,
    read: (place, reading) => {
      if (!isMap(place.node)) return report(reading, place, expected);
      const before = reading.findings.length;
      const entries = knownEntries(place, names, reading);
      const value: Record<string, unknown> = {};
      for (const [property, {name, codec, optional}] of all) {
        const entry = entries.get(name);
        if (entry !== undefined) value[property] = codec.read(entry.value, reading);
        else if (!optional) report(reading, fieldPlace(place, name), codec.expected);
      }
      return reading.findings.length > before ? undefined : (value as T);
    },
    write: (value) => {
      const properties = value as Readonly<Record<string, unknown>>;
      return Object.fromEntries(
        all.flatMap(([property, {name, codec}]) =>
          properties[property] === undefined ? [] : [[name, codec.write(properties[property])]],
        ),
      );
    },
  };
}

/** A map in which one thing can be said in two ways, and has to be said in one of them. */
export function exactlyOne<T>(codec: Codec<T>, first: string, second: string): Codec<T> {
  return {
    ...codec,
    read: (place, reading) => {
      const keys = entriesOf(place).flatMap(({key, keyPlace}) =>
        key === first || key === second ? [{key, keyPlace}] : [],
      );
      const [one, other] = keys;
      const wanted = `either ${first} or ${second}`;
      const before = reading.findings.length;
      if (isMap(place.node) && one === undefined) report(reading, place, wanted, 'neither');
      if (one !== undefined && other !== undefined && one.key !== other.key)
        report(reading, other.keyPlace, wanted, 'both');
      const wrong = reading.findings.length > before;
      const value = codec.read(place, reading);
      return wrong ? undefined : value;
    },
  };
}

/** Entries by key; unknown keys, keys that are no text and keys that stand twice are noted. */
function knownEntries(place: Place, names: readonly string[], reading: Reading): ReadonlyMap<string, Entry> {
  const found = new Map<string, Entry>();
  for (const entry of entriesOf(place)) {
    const {key, keyPlace} = entry;
    if (key === undefined || !names.includes(key)) report(reading, keyPlace, `only the fields ${names.join(', ')}`);
    else if (found.has(key)) report(reading, keyPlace, `each field once`, `${quote(key)} again`);
    else found.set(key, entry);
  }
  return found;
}

interface Named {
  readonly name: string;
}
interface NamedForm {
  readonly expected: string;
  readonly key: Codec<string>;
  readonly least: number;
  readonly most: number;
}

/** A map from names to values, as a list in the file's order; each value carries its name. */
export function named<T extends Named>(form: NamedForm, value: Codec<Omit<T, 'name'>>): Codec<readonly T[]> {
  const {expected, key, least, most} = form;
  return {
    expected,
    read: (place, reading) => {
      if (!isMap(place.node)) return report(reading, place, expected);
      const before = reading.findings.length;
      const entries = entriesOf(place);
      if (entries.length < least || entries.length > most)
        report(reading, place, expected, `${entries.length} of them`);
      const seen = new Set<string>();
      const items = entries.map((entry) => {
        const name = key.read(entry.keyPlace, reading);
        if (name !== undefined && seen.has(name))
          report(reading, entry.keyPlace, 'each name once', `${quote(name)} again`);
        if (name !== undefined) seen.add(name);
        return {...value.read(entry.value, reading), name} as unknown as T;
      });
      return reading.findings.length > before ? undefined : items;
    },
    write: (items) => new Map(items.map(({name, ...rest}) => [name, value.write(rest)])),
  };
}

interface Kinded {
  readonly kind: string;
}
/** For each kind, the whole map that the field of that name introduces. */
export type Variants<U extends Kinded> = {
  readonly [K in U['kind']]: Codec<Omit<Extract<U, {readonly kind: K}>, 'kind'>>;
};

/** A map that has exactly one of the fields which name a kind. */
export function tagged<U extends Kinded>(expected: string, variants: Variants<U>): Codec<U> {
  const codecs = new Map<string, Codec<object>>(Object.entries<Codec<object>>(variants as never));
  const kinds = [...codecs.keys()];
  const wanted = `${expected} with one of ${kinds.join(', ')}`;
  return {
    expected: wanted,
    read: (place, reading) => {
      if (!isMap(place.node)) return report(reading, place, wanted);
      const present = entriesOf(place).filter(({key}) => key !== undefined && codecs.has(key));
      const [head, second] = present;
      if (head?.key === undefined) return report(reading, place, wanted, keysOf(place));
      if (second !== undefined && second.key !== head.key) {
        return report(reading, second.keyPlace, wanted, `both ${head.key} and ${second.key}`);
      }
      const value = codecs.get(head.key)?.read(place, reading);
      return value === undefined ? undefined : ({kind: head.key, ...value} as unknown as U);
    },
    write: ({kind, ...rest}) => codecs.get(kind)?.write(rest),
  };
}

const keysOf = (place: Place): string => {
  const keys = entriesOf(place).map(({keyPlace}) => describe(keyPlace.node));
  return keys.length === 0 ? 'an empty map' : keys.slice(0, 3).join(', ');
};

/** A map with one field that holds all the rest: `down: {node: w3}`. */
export const inside = <T extends object>(name: string, codec: Codec<T>): Codec<T> =>
  mapped(
    record<{readonly inner: T}>(`{${name}: …}`, {inner: need(name, codec)} as unknown as Fields<{readonly inner: T}>),
    ({inner}) => inner,
    (inner) => ({inner}),
  );
