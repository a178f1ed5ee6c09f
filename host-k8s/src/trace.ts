// Events as JSON lines on standard error. Only texts, numbers, booleans and lists of those are written; bytes, secrets
// and objects become a mark, so that a careless field cannot show a key.

import {ok, type Ports} from '@etcd-encryption/rotation';
import {type DestinationStream, destination, type LevelWithSilent, pino} from 'pino';
import {maxTraceItems, maxTraceText} from './limits.ts';

export type TracePorts = Pick<Ports, 'trace.event'>;

export interface TraceOptions {
  /** `info` unless given; events are written at `info`. */
  readonly level?: LevelWithSilent;
  /** Standard error unless given. */
  readonly destination?: DestinationStream;
  /** Fields of every line, such as the program's name. */
  readonly base?: Readonly<Record<string, string>>;
}

const hidden = '[hidden]';
/** Words of the line itself; an event's field of that name gets an underscore in front. */
const ownFields = new Set(['level', 'time', 'event']);

export function createTracePorts(options: TraceOptions = {}): TracePorts {
  const logger = pino(
    {
      level: options.level ?? 'info',
      base: options.base ?? null,
      messageKey: 'event',
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: {level: (label) => ({level: label})},
    },
    options.destination ?? destination({fd: 2, sync: true}),
  );
  return {
    'trace.event': async ({event}) => {
      const {event: name, ...fields} = event;
      logger.info(showFields(fields), showText(name));
      return ok(undefined);
    },
  };
}

function showFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const shown: [string, unknown][] = [];
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) shown.push([ownFields.has(name) ? `_${name}` : name, showValue(value)]);
  }
  return Object.fromEntries(shown);
}

function showValue(value: unknown): unknown {
  return Array.isArray(value) ? value.slice(0, maxTraceItems).map(showScalar) : showScalar(value);
}

function showScalar(value: unknown): unknown {
  switch (typeof value) {
    case 'string':
      return showText(value);
    case 'number':
    case 'boolean':
      return value;
    default:
      return value === null ? null : hidden;
  }
}

/** An age identity is the one secret that is a text by nature. */
function showText(text: string): string {
  if (/age-secret-key-/i.test(text)) return hidden;
  return text.length > maxTraceText ? `${text.slice(0, maxTraceText)}…` : text;
}
