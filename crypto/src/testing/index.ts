// For tests only: what must never be reachable from a program.

export {type SealInput, sealWithNonce} from '../stored-value/seal.ts';
