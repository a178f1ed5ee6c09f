// A promise that is settled from outside, for events that come from callbacks.

export interface Deferred<Value> {
  readonly promise: Promise<Value>;
  readonly resolve: (value: Value) => void;
  readonly reject: (error: Error) => void;
}

export function defer<Value>(): Deferred<Value> {
  let resolve: Deferred<Value>['resolve'] = () => {};
  let reject: Deferred<Value>['reject'] = () => {};
  const promise = new Promise<Value>((succeed, fail) => {
    resolve = succeed;
    reject = fail;
  });
  return {promise, resolve, reject};
}
