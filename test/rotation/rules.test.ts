// Every rule of the controller and of the agent on hand-written observations, and every reason that they can say.

import {describeAdd, describeAdopt, describeMint} from './rules-adding.ts';
import {describeDrop, describeRest} from './rules-dropping.ts';
import {describeGround, describeMembers, describePause} from './rules-ground.ts';
import {describeActivate, describeMigrate, describeStart, describeVerify} from './rules-rotating.ts';

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
