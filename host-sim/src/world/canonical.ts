// Objects as a server stores them: plain data with members in one order, so that equal objects are equal texts.

/** What is in that form already: most of a new version of an object is parts of the one before it. */
const canonical = new WeakSet<object>();

/**
 * As plain JSON data, members sorted, undefined ones left out, deeply frozen; parts that are so already are shared, and so
 * are those that equal what stands in the same place of `before`, an object in that form.
 */
export function canonicalObject<T>(value: T, before?: unknown): T {
  return copy(value, before) as T;
}

function copy(value: unknown, before: unknown): unknown {
  if (typeof value !== 'object' || value === null || canonical.has(value)) return value;
  const old = typeof before === 'object' && before !== null ? before : undefined;
  const made = Array.isArray(value)
    ? copyList(value, Array.isArray(old) ? old : undefined)
    : copyRecord(value as Fields, Array.isArray(old) ? undefined : (old as Fields | undefined));
  if (made === old) return made;
  Object.freeze(made);
  canonical.add(made);
  return made;
}

type Fields = Readonly<Record<string, unknown>>;

function copyList(value: readonly unknown[], old: readonly unknown[] | undefined): readonly unknown[] {
  const made: unknown[] = [];
  let isOld = old?.length === value.length;
  for (let index = 0; index < value.length; index++) {
    const member = copy(value[index], old?.[index]);
    isOld &&= member === old?.[index];
    made.push(member);
  }
  return isOld && old !== undefined ? old : made;
}

function copyRecord(value: Fields, old: Fields | undefined): object {
  const names = Object.keys(value);
  if (!isSorted(names)) names.sort();
  const members: unknown[] = [];
  let present = 0;
  let isOld = old !== undefined;
  for (const name of names) {
    const before = old !== undefined && Object.hasOwn(old, name) ? old[name] : undefined;
    const member = copy(value[name], before);
    if (member !== undefined) present++;
    isOld &&= member === before;
    members.push(member);
  }
  if (isOld && old !== undefined && Object.keys(old).length === present) return old;
  return recordOf(names, members);
}

function recordOf(names: readonly string[], members: readonly unknown[]): object {
  const made: Record<string, unknown> = {};
  for (let index = 0; index < names.length; index++) {
    const [name, member] = [names[index] ?? '', members[index]];
    if (member === undefined) continue;
    if (name === '__proto__') define(made, name, member);
    else made[name] = member;
  }
  return made;
}

function isSorted(names: readonly string[]): boolean {
  for (let index = 1; index < names.length; index++) {
    if ((names[index - 1] ?? '') > (names[index] ?? '')) return false;
  }
  return true;
}

/** An own member under the one name for which an assignment would do something else. */
function define(record: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(record, name, {value, enumerable: true, configurable: true, writable: true});
}

/** Whether a value's text could be longer than `length`: an estimate that is never too low, and cheap for small values. */
export const mayExceed = (value: unknown, length: number): boolean => longest(value) > length;

/** Of what is in canonical form, and so never changes: the most that its text takes. */
const lengths = new WeakMap<object, number>();

/** The most that the text of a value takes. */
function longest(value: unknown): number {
  if (typeof value === 'string') return 6 * value.length + 2;
  if (typeof value !== 'object' || value === null) return 30;
  const known = lengths.get(value);
  if (known !== undefined) return known;
  let length = 2;
  const record = value as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(record)) length += longest(record[name]) + 6 * name.length + 4;
  if (canonical.has(value)) lengths.set(value, length);
  return length;
}

/** Whether an object's labels match a selector of equalities: `a=b,c!=d,e,!f`. */
export function matchesLabels(
  labels: Readonly<Record<string, string>> | undefined,
  selector: string | undefined,
): boolean {
  if (selector === undefined || selector === '') return true;
  const requirements = compiled.get(selector) ?? compile(selector);
  for (const holds of requirements) if (!holds(labels ?? noLabels)) return false;
  return true;
}

type Labels = Readonly<Record<string, string>>;
const noLabels: Labels = {};
/** Programs use a handful of selectors. */
const compiled = new Map<string, readonly ((labels: Labels) => boolean)[]>();

function compile(selector: string): readonly ((labels: Labels) => boolean)[] {
  const requirements = selector.split(',').map((part) => requirementOf(part.trim()));
  compiled.set(selector, requirements);
  return requirements;
}

function requirementOf(text: string): (labels: Labels) => boolean {
  const [, unlike, other = ''] = /^([^!=]+)!=(.*)$/.exec(text) ?? [];
  if (unlike !== undefined) return (labels) => labels[unlike.trim()] !== other.trim();
  const [, like, value = ''] = /^([^=]+)==?(.*)$/.exec(text) ?? [];
  if (like !== undefined) return (labels) => labels[like.trim()] === value.trim();
  if (text.startsWith('!')) return (labels) => labels[text.slice(1).trim()] === undefined;
  return (labels) => labels[text] !== undefined;
}
