// JUnit's XML, the form in which CI systems read results: a suite of cases, each passed, failed or skipped with a text.

export interface JunitCase {
  /** Cases of one suite stand together, in the order in which they are given. */
  readonly suite: string;
  readonly name: string;
  /** How long it took, s. */
  readonly seconds: number;
  readonly failure?: {
    /** One line. */
    readonly message: string;
    /** All that is known, as people read it. */
    readonly text: string;
  };
  /** Why the case says nothing. */
  readonly skipped?: string;
}

/** A whole document; characters that XML cannot hold become `?`. */
export function writeJunit(cases: readonly JunitCase[]): string {
  const suites = Map.groupBy(cases, ({suite}) => suite);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts(cases)}>`,
    ...[...suites].flatMap(([name, members]) => suiteLines(name, members)),
    '</testsuites>',
    '',
  ].join('\n');
}

const suiteLines = (name: string, cases: readonly JunitCase[]): readonly string[] => [
  `  <testsuite name="${escaped(name)}" ${counts(cases)}>`,
  ...cases.flatMap(caseLines),
  '  </testsuite>',
];

function counts(cases: readonly JunitCase[]): string {
  const failures = cases.filter(({failure}) => failure !== undefined).length;
  const skipped = cases.filter(({skipped}) => skipped !== undefined).length;
  const seconds = cases.reduce((sum, one) => sum + one.seconds, 0);
  return `tests="${cases.length}" failures="${failures}" errors="0" skipped="${skipped}" time="${seconds.toFixed(3)}"`;
}

function caseLines({suite, name, seconds, failure, skipped}: JunitCase): readonly string[] {
  const head = `    <testcase classname="${escaped(suite)}" name="${escaped(name)}" time="${seconds.toFixed(3)}"`;
  if (failure !== undefined) {
    const {message, text} = failure;
    return [`${head}>`, `      <failure message="${escaped(message)}">${escaped(text)}</failure>`, '    </testcase>'];
  }
  if (skipped !== undefined) return [`${head}>`, `      <skipped message="${escaped(skipped)}"/>`, '    </testcase>'];
  return [`${head}/>`];
}

const entities: Readonly<Record<string, string>> = {'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;'};

/** XML 1.0 §2.2 names the characters that a document may hold, whatever way they are written. */
const escaped = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '?')
    .replace(/[&<>"]/g, (character) => entities[character] ?? character);
