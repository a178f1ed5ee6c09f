// What a worker thread of a campaign runs: the shipped engine.

import {runCampaignSeed} from './engine.ts';
import {serveSeeds} from './serve.ts';

serveSeeds(runCampaignSeed);
