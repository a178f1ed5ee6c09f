// A program that takes a step when it is told to, and no other way: from one request that changes what others see up to
// the next one, or up to its rest. All it reads in between it reads at one moment, and files that nobody else reads it
// writes at that moment too.

import {
  answerSync,
  configurationPath,
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
  /** Called when it begins, and when it wakes up. */
  readonly onWake?: () => void;
  /** Whether a request that changes something changes nothing that matters to anybody. */
  readonly isIdle?: (request: PortRequest) => boolean;
}

/**
 * How a step goes wrong: the program dies before or after its effect, or once it has written the first file that only
 * itself reads, or it is told that nobody knows of the effect.
 */
export type Cut = 'crash before' | 'crash after' | 'crash midway' | 'unknown answer';

/** Most requests between two that change something; more is an endless loop. */
const maxReads = 100_000;

export class Actor {
  readonly setup: ActorSetup;
  #step: Step<unknown> | undefined;
  #pending: PortRequest | undefined;

  constructor(setup: ActorSetup) {
    this.setup = setup;
  }

  /** What it is about to do; undefined while it rests or is gone. */
  get pending(): PortRequest | undefined {
    return this.#pending;
  }

  /** Whether it has a memory: it was started, and did not crash since. */
  get runs(): boolean {
    return this.#step !== undefined;
  }

  /** Does what it is about to do, then goes on; one that rests wakes up. Answers whether the cut came about. */
  go(cut?: Cut): boolean {
    if (cut === 'crash before') {
      this.crash();
      return true;
    }
    if (this.#pending === undefined) {
      const isFresh = this.#step === undefined;
      this.#step ??= this.setup.make();
      this.setup.onWake?.();
      // As a watch would: it looks again at once, however long it meant to sleep.
      return this.#resume(this.#step, isFresh ? ok(undefined) : ok('woken'), cut);
    }
    const request = this.#pending;
    this.#pending = undefined;
    const answer = answerSync(request, this.setup.ports);
    if (cut === 'crash after' || this.#step === undefined) {
      this.crash();
      return true;
    }
    const told: Result<unknown> = cut === 'unknown answer' ? failed('ambiguous', 'the connection was lost') : answer;
    return this.#resume(this.#step, told, cut);
  }

  /** Its memory is gone; it begins anew when it goes on. */
  crash(): void {
    this.#step = undefined;
    this.#pending = undefined;
  }

  #resume(step: Step<unknown>, first: Result<unknown>, cut: Cut | undefined): boolean {
    let turn = step.next(first);
    for (let count = 0; count < maxReads; count++) {
      if (turn.done === true) throw new RangeError(`${this.setup.name}: expected a program that goes on, it ended`);
      const request = turn.value;
      if (request.op === 'clock.sleep') return cut !== 'crash midway';
      if (changes(request) && this.setup.isIdle?.(request) !== true) {
        this.#pending = request;
        return cut !== 'crash midway';
      }
      const answer = answerSync(request, this.setup.ports);
      if (cut === 'crash midway' && request.op === 'files.rename') {
        this.crash();
        return true;
      }
      turn = step.next(answer);
    }
    throw new RangeError(`${this.setup.name}: expected a change or a rest, got ${maxReads} requests without`);
  }
}

/** Kinds whose objects save work or tell people something, and no decision rests on. */
const idleKinds: ReadonlySet<string> = new Set(['leases', 'events', 'etcdencryptionconfigs']);

/** Whether others see what a request does: objects of the API, and the file that a server reads. */
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
      return request.args.to === configurationPath;
    default:
      return false;
  }
}
