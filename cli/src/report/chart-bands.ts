// Rows of named bands: role, phase, SeedBundle. A name stands in its band where there is room; the rest is its title.

import type {Band, BundleSpan, Span} from '@etcd-encryption/host-sim';
import type {TimeAxis} from './axis.ts';
import type {Place} from './layout.ts';
import {letterWidth} from './limits.ts';
import {el, type Markup} from './markup.ts';
import {spanText} from './words.ts';

interface ShownBand extends Span {
  readonly label: string;
  /** A shorter label for where the long one has no room. */
  readonly short?: string;
  readonly title: string;
  readonly look: string;
}

export function drawRoles(name: string, roles: readonly Band[], place: Place, axis: TimeAxis): Markup {
  const shown = roles.map(({name: role, ...span}) => ({
    ...span,
    label: role,
    short: role.split(',')[0] ?? role,
    title: `${name} · ${spanText(span)}: ${role}`,
    look: role.startsWith('Active') ? 'role-active' : 'role-standby',
  }));
  return drawBands(`${name}/role`, shown, place, axis);
}

export function drawPhases(name: string, phases: readonly Band[], place: Place, axis: TimeAxis): Markup {
  const shown = phases.map(({name: phase, ...span}) => ({
    ...span,
    label: phase,
    title: `${name} · ${spanText(span)}: phase ${phase}`,
    look: phase === 'Idle' ? 'phase-idle' : phase === 'Blocked' || phase === 'Unknown' ? 'phase-blocked' : 'phase',
  }));
  return drawBands(`${name}/phase`, shown, place, axis);
}

export function drawBundles(name: string, bundles: readonly BundleSpan[], place: Place, axis: TimeAxis): Markup {
  const shown = bundles.map((bundle) => ({
    fromMs: bundle.fromMs,
    toMs: bundle.toMs,
    label: bundleLabel(bundle),
    short: `gen ${bundle.generation}`,
    title: `${name} · ${spanText(bundle)}: follows SeedBundle ${bundle.bundle}, ${bundleLabel(bundle)}`,
    look: bundle.generation % 2 === 0 ? 'bundle' : 'bundle-odd',
  }));
  return drawBands(`${name}/bundle`, shown, place, axis);
}

/** `gen 3 by west: r1–r4` */
export function bundleLabel({writer, generation, revisions}: BundleSpan): string {
  const [first, last] = [revisions[0], revisions.at(-1)];
  const range = first === undefined ? 'no revision' : first === last ? `r${first}` : `r${first}–r${last}`;
  return `gen ${generation}${writer === '' ? '' : ` by ${writer}`}: ${range}`;
}

function drawBands(row: string, bands: readonly ShownBand[], place: Place, axis: TimeAxis): Markup {
  return el('g', {'data-row': row}, ...bands.map((band) => drawBand(band, place, axis)));
}

function drawBand({fromMs, toMs, label, short, title, look}: ShownBand, {y, height}: Place, axis: TimeAxis): Markup {
  const x = axis.x(fromMs);
  const width = axis.x(toMs) - x;
  const text = [label, short].find((each) => each !== undefined && fits(each, width));
  return el(
    'g',
    {class: 'item', role: 'img'},
    el('title', {}, title),
    el('rect', {class: `band ${look}`, x, y, width: Math.max(width, 0.5), height}),
    text === undefined ? undefined : el('text', {class: 'small', x: x + 5, y: y + height - 5}, text),
  );
}

export const fits = (text: string, width: number): boolean => text.length * letterWidth + 8 <= width;
