// What the kernel exports, beside its memory.
export {derive} from './derive';
export {absorb, absorbEnd, finish, hashKey, hkdf, setHashedKey, setShortKey} from './general';
