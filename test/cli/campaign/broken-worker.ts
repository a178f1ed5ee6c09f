// A worker that cannot begin.

throw new Error('no room');
