// A fact is what one read said. A failed read is never an empty list: it is `unknown`, and an unknown fact may only
// remove actions from a plan.

import type {PortError} from '../ports.ts';

export type Fact<T> =
  /** Read, at `version` (a resourceVersion or hash) where the source has one. */
  | {readonly state: 'seen'; readonly value: T; readonly version?: string}
  /** Read, and surely not there. */
  | {readonly state: 'absent'}
  /** Not read; why, for people. */
  | {readonly state: 'unknown'; readonly why: string};

export const seen = <T>(value: T, version?: string): Fact<T> =>
  version === undefined ? {state: 'seen', value} : {state: 'seen', value, version};
export const absent: Fact<never> = {state: 'absent'};
export const unknown = (why: string): Fact<never> => ({state: 'unknown', why});
export const unread = (error: PortError): Fact<never> => unknown(`${error.code}: ${error.message}`);
