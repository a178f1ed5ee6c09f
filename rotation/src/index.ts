// The rotation engine's public face.

export * from './limits.ts';
export * from './model/duration.ts';
export * from './model/fact.ts';
export * from './model/key.ts';
export * from './model/layout.ts';
export * from './model/node.ts';
export * from './model/resource-types.ts';
export * from './model/ring.ts';
export * from './model/spec.ts';
export * from './ports.ts';
