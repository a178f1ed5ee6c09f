// The server ports on a real kube-apiserver.

import {serverContract} from '../ports/server-contract.ts';
import {makeServerFixture} from './server-fixture.ts';

serverContract('real kube-apiserver', makeServerFixture);
