// Every rule of the controller under the deterministic strategy on hand-written observations.

import {expect, test} from 'vitest';
import {reached} from '../reached.ts';
import {pairReasons} from './pair-reasons.ts';
import {describeFollowing} from './rules-following.ts';
import {describePairRotating} from './rules-pair-rotating.ts';
import {describePublishing} from './rules-publishing.ts';
import {describeRole} from './rules-role.ts';

describeRole();
describeFollowing();
describePublishing();
describePairRotating();

test('every reason of a pair ⇒ is said in a test above', () => {
  expect(pairReasons.filter((reason) => !reached.has(reason))).toEqual([]);
});
