// Measures of the report in pixels, and what it takes for quiet.

/** Width of the chart beside its labels, where that shows enough. */
export const chartWidth = 1_030;
/** A run with very much in it scrolls up to this. */
export const maxChartWidth = 9_000;
export const labelWidth = 124;
/** Beside the first and the last moment, so that their signs are whole. */
export const sideMargin = 9;
/** A stretch without events; wide enough for its length in words. */
export const breakWidth = 40;
export const maxBreaks = 60;
/** A stretch with a single event in it. */
export const leastStretchWidth = 26;
/** A minute is at least 8 and at most 90 pixels wide: the shortest that shows a rotation, the longest that helps. */
export const leastPixelsPerMs = 8 / 60_000;
export const mostPixelsPerMs = 90 / 60_000;
/** Shown before and after the events of a stretch, ms. */
export const stretchMarginMs = 12_000;
/** What counts as quiet, ms: the first that gives few enough breaks. A server polls its file once a minute. */
export const quietChoicesMs = [150_000, 600_000, 3_600_000, 6 * 3_600_000, 24 * 3_600_000, 168 * 3_600_000];
/** Labels of the axis are at least this far apart. */
export const tickSpacing = 74;
export const tickStepsMs = [
  ...[10, 15, 30].map((seconds) => seconds * 1_000),
  ...[1, 2, 5, 10, 20, 30].map((minutes) => minutes * 60_000),
  ...[1, 2, 4, 6, 12, 24, 48, 168, 720, 2_160, 8_760].map((hours) => hours * 3_600_000),
];
/** Width of one letter of the small type, taken rather too wide. */
export const letterWidth = 6.3;

export const axisHeight = 40;
export const bandHeight = 18;
export const clusterGap = 22;
export const clusterTitleHeight = 26;
export const rowGap = 6;
export const writeBandHeight = 14;
export const readStripHeight = 4;
export const valuesHeight = 104;
export const backlogHeight = 34;
/** Marks that stand too close go one above the other, in steps of this size. */
export const markSize = 16;
export const maxMarkLevels = 7;
/** Rows of a table; a longer one says what is missing. */
export const maxTableRows = 700;
