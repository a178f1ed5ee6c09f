// Records of plain settings and faults that scripts write to while the world runs, and somebody is told before.

/** The same record; `before` is called before each of its members is set or deleted. */
export function watched<T extends object>(record: T, before: () => void): T {
  return new Proxy(record, {
    set(target, name, value) {
      before();
      return Reflect.set(target, name, value);
    },
    deleteProperty(target, name) {
      before();
      return Reflect.deleteProperty(target, name);
    },
  });
}
