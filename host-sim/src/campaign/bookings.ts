// Who is busy with a fault and when, so that no fault is planned on what is not there: a node that is away, a program
// that was killed a moment ago, a Synchronizer between two installations.

export interface Bookings {
  readonly isFree: (what: string, fromMs: number, toMs: number) => boolean;
  readonly book: (what: string, fromMs: number, toMs: number) => void;
}

interface Booked {
  readonly what: string;
  readonly fromMs: number;
  readonly toMs: number;
}

export function createBookings(): Bookings {
  const booked: Booked[] = [];
  return {
    isFree: (what, fromMs, toMs) =>
      !booked.some((each) => each.what === what && each.fromMs < toMs && fromMs < each.toMs),
    book: (what, fromMs, toMs) => {
      booked.push({what, fromMs, toMs});
    },
  };
}
