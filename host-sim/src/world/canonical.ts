// Objects as a server stores them: plain data with members in one order, so that equal objects are equal texts.

/** Deep copy as plain JSON data, members sorted, undefined ones left out, frozen. */
export function canonicalObject<T>(value: T): T {
  return copy(value) as T;
}

function copy(value: unknown): unknown {
  if (Array.isArray(value)) return Object.freeze(value.map(copy));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => [name, copy(member)] as const);
  return Object.freeze(Object.fromEntries(entries));
}

/** Whether an object's labels match a selector of equalities: `a=b,c!=d,e,!f`. */
export function matchesLabels(
  labels: Readonly<Record<string, string>> | undefined,
  selector: string | undefined,
): boolean {
  if (selector === undefined || selector === '') return true;
  return selector.split(',').every((part) => matchesOne(labels ?? {}, part.trim()));
}

function matchesOne(labels: Readonly<Record<string, string>>, requirement: string): boolean {
  const unequal = /^([^!=]+)!=(.*)$/.exec(requirement);
  if (unequal?.[1] !== undefined) return labels[unequal[1].trim()] !== unequal[2]?.trim();
  const equal = /^([^=]+)==?(.*)$/.exec(requirement);
  if (equal?.[1] !== undefined) return labels[equal[1].trim()] === equal[2]?.trim();
  if (requirement.startsWith('!')) return labels[requirement.slice(1).trim()] === undefined;
  return labels[requirement] !== undefined;
}
