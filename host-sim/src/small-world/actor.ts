// A program that takes a step when it is told to, and no other way: from one request that changes what others see up to
// the next one, or up to its rest. All it reads in between it reads at one moment.

import {
  answerSync,
  failed,
  ok,
  type PortRequest,
  type Result,
  type Step,
  type SyncPorts,
} from '@etcd-encryption/rotation';

export interface ActorSetup {
  readonly name: string;
  /** Node that it runs on, and dies with; absent for what runs once a cluster. */
  readonly node?: string;
  readonly make: () => Step<unknown>;
  readonly ports: Partial<SyncPorts>;
}

/** How a step goes wrong: the program dies before or after its effect, or is told that nobody knows of it. */
export type Cut = 'crash before' | 'crash after' | 'unknown answer';

/** Most requests between two that change something; more is an endless loop. */
const maxReads = 100_000;

export class Actor {
  readonly setup: ActorSetup;
  #step: Step<unknown> | undefined;
  #pending: PortRequest | undefined;

  constructor(setup: ActorSetup) {
    this.setup = setup;
  }

  /** What it is about to do; undefined while it rests. */
  get pending(): PortRequest | undefined {
    return this.#pending;
  }

  /** Does what it is about to do, then goes on; one that rests wakes up. */
  go(cut?: Cut): void {
    if (this.#pending === undefined) {
      const isFresh = this.#step === undefined;
      this.#step ??= this.setup.make();
      this.#resume(this.#step, isFresh ? ok(undefined) : ok('slept'));
      return;
    }
    const request = this.#pending;
    this.#pending = undefined;
    const answer = cut === 'crash before' ? undefined : answerSync(request, this.setup.ports);
    if (cut === 'crash before' || cut === 'crash after' || this.#step === undefined) this.crash();
    else if (cut === 'unknown answer') this.#resume(this.#step, failed('ambiguous', 'the connection was lost'));
    else this.#resume(this.#step, answer ?? ok(undefined));
  }

  /** Its memory is gone; it begins anew when it goes on. */
  crash(): void {
    this.#step = undefined;
    this.#pending = undefined;
  }

  #resume(step: Step<unknown>, first: Result<unknown>): void {
    let turn = step.next(first);
    for (let count = 0; count < maxReads; count++) {
      if (turn.done === true) throw new RangeError(`${this.setup.name}: expected a program that goes on, it ended`);
      const request = turn.value;
      if (request.op === 'clock.sleep') return;
      if (changes(request)) {
        this.#pending = request;
        return;
      }
      turn = step.next(answerSync(request, this.setup.ports));
    }
    throw new RangeError(`${this.setup.name}: expected a change or a rest, got ${maxReads} requests without`);
  }
}

/** Kinds whose objects save work or tell people something, and no decision rests on. */
const idleKinds: ReadonlySet<string> = new Set(['leases', 'events', 'etcdencryptionconfigs']);

/** Whether others see what a request does: objects of the API, and a file that takes its place. */
function changes(request: PortRequest): boolean {
  switch (request.op) {
    case 'all':
      return request.args.requests.some(changes);
    case 'store.create':
    case 'store.replace':
    case 'store.replaceStatus':
    case 'store.delete':
    case 'store.rewrite':
      return !idleKinds.has(request.args.resource.plural);
    case 'files.rename':
      return true;
    default:
      return false;
  }
}
