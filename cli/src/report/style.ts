// The page's style. Text has a contrast of at least 4.5 on every ground that it can stand on, in light and in dark; what
// colour says, a shape, a hatching or a word says too.

import {keyColours, keyOutlines} from './key-styles.ts';

const keyRules = keyColours.map((colour, at) => `.k${at}{fill:${colour};stroke:var(--k${at}-line)}`).join('\n');
const lines = (colours: readonly string[]): string => colours.map((colour, at) => `--k${at}-line:${colour};`).join('');

export const style = `
:root{color-scheme:light dark;--ground:#fff;--panel:#f4f5f7;--ink:#1b1f24;--soft:#565d66;--rule:#d5d9de;--tick:#e6e9ed;
--active:#cfe3f7;--standby:#eceef1;--phase:#e3ddf3;--phase-line:#6b57a5;--bundle:#d8ece4;--bundle-odd:#c3e0d5;--fault:#b3261e;--failover:#0b57d0;
--deed:#4a2f9e;--deed-ink:#fff;--operator:#7a5200;--good:#1e6b34;--hatch:#b9bfc7;--focus:#0b57d0;--clear-line:#767676;--adopted-line:#6f5c42;${lines(keyOutlines)}}
@media (prefers-color-scheme:dark){:root{--ground:#14181d;--panel:#1d232a;--ink:#e8eaed;--soft:#aab2bc;--rule:#39414b;--tick:#262d35;
--active:#1e4163;--standby:#2a3138;--phase:#3a3159;--phase-line:#a796e0;--bundle:#1f4236;--bundle-odd:#295545;--fault:#ff8a80;--failover:#8ab4f8;
--deed:#c5b3ff;--deed-ink:#14181d;--operator:#f2c063;--good:#7fd396;--hatch:#4a535e;--focus:#8ab4f8;--clear-line:#dddddd;--adopted-line:#c9b596;${lines(keyColours)}}}
*{box-sizing:border-box}
body{margin:0 auto;padding:24px 28px 48px;max-width:1260px;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
h1{font-size:24px;line-height:1.25;margin:0}h2{font-size:19px;margin:0}
p{margin:6px 0;max-width:80ch}
header{display:flex;flex-wrap:wrap;align-items:baseline;gap:6px 14px}
a{color:var(--failover)}
.verdict{font-weight:600;border:1.5px solid currentColor;border-radius:12px;padding:0 10px}
.verdict.passed{color:var(--good)}.verdict.violated{color:var(--fault)}.verdict.vacuous{color:var(--operator)}
dl{display:flex;flex-wrap:wrap;gap:2px 26px;margin:10px 0 14px;font-size:14px}
dl div{display:flex;gap:6px}dt{color:var(--soft)}dd{margin:0}
section{margin-top:28px;border-top:1px solid var(--rule);padding-top:18px}
section:first-of-type{border-top:0;padding-top:0;margin-top:12px}
.chart{display:flex;margin:8px 0;border:1px solid var(--rule);border-radius:8px;padding:8px 12px;background:var(--ground)}
.chart .labels{flex:none}.scroll{overflow-x:auto;overflow-y:hidden;min-width:0;flex:1}
svg{display:block}svg text{fill:var(--ink);font:11px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;pointer-events:none}
svg text.small{fill:var(--ink)}.labels text.small{fill:var(--soft)}.labels text.server{fill:var(--ink)}svg text.name{font-size:16px;font-weight:600}
.axis text.small{fill:var(--soft)}svg text.on-key{fill:#14181d}

.paper{fill:var(--ground);stroke:var(--rule)}
.line{stroke:var(--rule)}.tick{stroke:var(--tick)}
.break-fill{fill:url(#quiet)}.break-sign{fill:none;stroke:var(--soft)}
.band{stroke:var(--ground);stroke-width:1}
.role-active{fill:var(--active)}.role-standby{fill:var(--standby)}
.phase{fill:var(--phase)}.phase-idle{fill:none}.phase-blocked{fill:url(#blocked);stroke:var(--phase-line);stroke-width:.5}
.bundle{fill:var(--bundle)}.bundle-odd{fill:var(--bundle-odd)}
${keyRules}
.k-clear{fill:#dddddd;stroke:var(--clear-line)}.k-adopted{fill:#c9b596;stroke:var(--adopted-line)}
.drawing [class^="k"],.legend [class^="k"]{stroke-width:.6}
.p-hatch{fill:url(#hatch);stroke:none}.p-dots{fill:url(#dots);stroke:none}.p-cross{fill:url(#cross);stroke:none}
.down{fill:url(#gone);stroke:var(--fault);stroke-width:1;stroke-dasharray:3 2}.draining-fill{fill:url(#drain);stroke:none}
.ground{fill:var(--panel)}.backlog{fill:none;stroke:var(--failover);stroke-width:1.5}
.moment{stroke-width:1.25;stroke-dasharray:5 3;pointer-events:none}.moment.failover{stroke:var(--failover)}.moment.violation{stroke:var(--fault);stroke-width:2}
.mark .sign{stroke-width:1.5;stroke:var(--ground)}.mark .letter{font-weight:700;font-size:10.5px;fill:var(--deed-ink)}
.mark.deed .sign{fill:var(--deed)}.mark.step .sign{fill:var(--ground);stroke:var(--soft)}.mark.operator .sign{fill:var(--operator)}
.mark.fault .sign{fill:none;stroke:var(--fault);stroke-width:2.5}.mark.failover .sign{fill:var(--failover)}.mark.violation .sign{fill:var(--fault)}
.mark.violation .letter{fill:var(--ground)}
.item:hover>rect,.item:hover>path,.item:hover>.sign{filter:brightness(.93)}
.item:focus{outline:none}.item:focus-visible{outline:2.5px solid var(--focus);outline-offset:1px}
.said{position:sticky;top:0;z-index:1;display:block;min-height:46px;margin:10px 0 0;padding:6px 12px;border-radius:8px;background:var(--panel);border:1px solid var(--rule);font-size:14px}
.said[hidden]{display:none}
.legend ul{display:flex;flex-wrap:wrap;gap:4px 20px;list-style:none;margin:8px 0;padding:0;font-size:13px}
.legend li{display:flex;align-items:center;gap:6px}
details{margin:6px 0}summary{cursor:pointer;font-size:14px}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:13px;margin:6px 0 12px}
th,td{text-align:left;padding:3px 14px 3px 0;border-bottom:1px solid var(--rule);vertical-align:top;font-variant-numeric:tabular-nums}
th{color:var(--soft);font-weight:600}td:last-child{min-width:22ch}
tr.violation td,tr.fault td{color:var(--fault)}tr.failover td{color:var(--failover)}tr.deed td{font-weight:600}tr:target td{background:var(--active);color:var(--ink)}
.cuts{color:var(--soft);font-size:13px}
@media print{.said{display:none}.chart{break-inside:avoid}}
`;
