// Every rule of the controller and of the agent on hand-written observations, and every reason that they can say.

import {reasons} from '@etcd-encryption/rotation';
import {expect, test} from 'vitest';
import {reached} from './reached.ts';
import {describeAdd, describeAdopt, describeMint} from './rules-adding.ts';
import {describeDrop, describeRest} from './rules-dropping.ts';
import {describeGround, describeMembers, describePause} from './rules-ground.ts';
import {describeNode} from './rules-node.ts';
import {describeActivate, describeMigrate} from './rules-rotating.ts';
import {describeStart} from './rules-starting.ts';
import {describeVerify} from './rules-verifying.ts';

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
describeNode();

/** Reasons that nothing says, and why they are there. */
const unreached: Readonly<Record<string, string>> = {
  ForeignFileMoved: 'no code says it: a file that was moved aside is in the trace alone',
  MigrationFailing: 'no code says it: a page that fails is in the trace alone',
  ObserveMode: 'no code says it: the phase Observing tells the same',
  ResourceNotServed: 'no code says it: a resource without types has no marks',
  UnknownRecipient: 'no code says it: a recipient that is not genuine is left out silently',
};

test('every reason ⇒ is said in a test above, or stands in the list of those that nothing says', () => {
  const missed = Object.keys(reasons).filter((reason) => !reached.has(reason));
  expect(missed.sort()).toEqual(Object.keys(unreached).sort());
});
