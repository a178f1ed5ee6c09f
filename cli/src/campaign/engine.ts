// How a seed of a campaign is run: as `rehearse` runs the file that the seed is.

import {type RunSeed, runRehearsal} from '@etcd-encryption/host-sim';

export const runCampaignSeed: RunSeed = (rehearsal, seed, how) => runRehearsal(rehearsal, {seed, ...how});
