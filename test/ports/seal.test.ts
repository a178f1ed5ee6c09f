// The seal contract on age itself.

import {createSealPorts} from '@etcd-encryption/host-k8s';
import {sealContract} from './seal-contract.ts';

sealContract('age', createSealPorts);
