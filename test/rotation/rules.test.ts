// Every rule of the controller and of the agent on hand-written observations, and every reason that they can say.

import {reasons} from '@etcd-encryption/rotation';
import {expect, test} from 'vitest';
import {pairReasons} from './pair/pair-reasons.ts';
import {reached} from './reached.ts';
import {describeAdd, describeAdopt, describeMint} from './rules-adding.ts';
import {describeDrop, describeRest} from './rules-dropping.ts';
import {describeGround, describePause} from './rules-ground.ts';
import {describeMembers} from './rules-members.ts';
import {describeNode} from './rules-node.ts';
import {describeActivate, describeMigrate} from './rules-rotating.ts';
import {describeStart} from './rules-starting.ts';
import {describeTimes} from './rules-times.ts';
import {describeVerify} from './rules-verifying.ts';
import {describeWindows} from './rules-windows.ts';

describeGround();
describeMembers();
describePause();
describeAdopt();
describeMint();
describeAdd();
describeStart();
describeActivate();
describeMigrate();
describeVerify();
describeDrop();
describeRest();
describeTimes();
describeNode();
describeWindows();

/** Reasons that nothing says, and why they are there. */
const unreached: Readonly<Record<string, string>> = {
  ForeignFileMoved: 'the loop says it after the move; the test of what the loop tells reaches it',
  ...Object.fromEntries(pairReasons.map((reason) => [reason, 'the tests of the pair reach it'])),
};

test('every reason ⇒ is said in a test above, or stands in the list of those that nothing says', () => {
  const missed = Object.keys(reasons).filter((reason) => !reached.has(reason));
  expect(missed.sort()).toEqual(Object.keys(unreached).sort());
});
