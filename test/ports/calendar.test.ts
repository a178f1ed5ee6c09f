// The calendar of the real host.

import {createClock} from '@etcd-encryption/host-k8s';
import {calendarContract} from './calendar-contract.ts';

calendarContract('host-k8s', () => createClock().ports);
