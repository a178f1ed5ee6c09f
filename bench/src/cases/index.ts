// Every case, in the order in which the tables stand.

import type {CaseFile} from '../case.ts';
import {dataKeysBatch, dataKeysSingle} from './data-keys.ts';
import {firstKey} from './first-key.ts';
import {kernelBatch, kernelSingle, kernelThreeBlocks, kernelTwoBlocks} from './kernel.ts';
import {moduleSize} from './module-size.ts';
import {seedBundle} from './seed-bundle.ts';
import {campaignSeed, simulatedPair, simulatedPairOfThree} from './simulator.ts';

export const cases: readonly CaseFile[] = [
  kernelBatch,
  kernelSingle,
  kernelTwoBlocks,
  kernelThreeBlocks,
  dataKeysBatch,
  dataKeysSingle,
  seedBundle,
  firstKey,
  moduleSize,
  simulatedPair,
  simulatedPairOfThree,
  campaignSeed,
];
