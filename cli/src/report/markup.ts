// Builds HTML and SVG as text. Every string that is not markup already is escaped, so that no name in a recording can
// become a tag.

/** Text that is markup already. Made by this file alone. */
export interface Markup {
  readonly markup: string;
}

export type Child = Markup | string | undefined;
export type Attributes = Readonly<Record<string, string | number | undefined>>;

const escapes: Readonly<Record<string, string>> = {'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;'};

const escapeText = (text: string): string => text.replace(/[&<>"']/g, (found) => escapes[found] ?? found);

/** One element. Attributes that are undefined are left out; numbers have at most two decimals. */
export function el(name: string, attributes: Attributes = {}, ...children: readonly Child[]): Markup {
  const open = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [attribute(key, value)],
  );
  const start = `<${[name, ...open].join(' ')}`;
  if (children.length === 0 && !keptOpen.has(name)) return {markup: `${start}/>`};
  return {markup: `${start}>${children.map(textOf).join('')}</${name}>`};
}

export const join = (children: readonly Child[]): Markup => ({markup: children.map(textOf).join('')});

/** Text of our own that is markup already, or a style or script: nothing of a recording may stand in it. */
export const own = (markup: string): Markup => ({markup});

/** Elements of HTML that have an end tag even when they are empty. */
const keptOpen: ReadonlySet<string> = new Set(['td', 'th', 'div', 'p', 'span', 'output', 'script', 'style', 'tbody']);

const textOf = (child: Child): string =>
  child === undefined ? '' : typeof child === 'string' ? escapeText(child) : child.markup;

const attribute = (key: string, value: string | number): string =>
  `${key}="${typeof value === 'number' ? round(value) : escapeText(value)}"`;

/** Coordinates: a hundredth of a pixel is more than anybody sees. */
export const round = (value: number): number => Math.round(value * 100) / 100;
