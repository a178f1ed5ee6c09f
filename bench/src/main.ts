// `npm run bench`: the same work by us and by rivals, side by side, in one process.
