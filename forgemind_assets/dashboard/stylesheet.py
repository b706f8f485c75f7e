"""The one stylesheet. Every text has a contrast of at least 4.5 to 1 in light and in dark."""

STYLESHEET = """
:root { color-scheme: light dark; --ink: #1b1b1f; --paper: #ffffff; --quiet: #55555f;
  --line: #b9b9c3; --link: #0b4fc4; --good: #14652c; --bad: #a8201a; --warn: #7a4a00;
  --panel: #f3f3f6; }
@media (prefers-color-scheme: dark) { :root { --ink: #ececf1; --paper: #16161a;
  --quiet: #b4b4c0; --line: #55555f; --link: #8db6ff; --good: #7bd893; --bad: #ff9d96;
  --warn: #f2c26b; --panel: #212127; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 0 1rem 3rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
a { color: var(--link); }
a:focus-visible, button:focus-visible, input:focus-visible, textarea:focus-visible,
select:focus-visible, summary:focus-visible,
.scroll:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: 0; background: var(--paper); padding: .5rem; }
header, footer { padding: .75rem 0; }
header { border-bottom: 1px solid var(--line); }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem; list-style: none; padding: 0;
  margin: 0; }
h1 { font-size: 1.5rem; line-height: 1.25; }
h2 { font-size: 1.2rem; margin-top: 2rem; }
h3 { font-size: 1rem; }
.quiet { color: var(--quiet); }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); }
.good, .bad, .warn { font-weight: 600; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; color: var(--quiet); padding: .25rem 0; }
th[scope=row] { white-space: nowrap; }
th, td { text-align: left; padding: .35rem .6rem .35rem 0; vertical-align: top;
  border-bottom: 1px solid var(--line); overflow-wrap: normal; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
dl { display: grid; grid-template-columns: minmax(6rem, 12rem) 1fr; gap: .25rem 1rem; }
dt { color: var(--quiet); } dd { margin: 0; min-width: 0; }
pre { background: var(--panel); padding: .6rem; margin: .25rem 0; white-space: pre-wrap;
  overflow-wrap: anywhere; font-size: .875rem; }
summary { cursor: pointer; padding: .6rem 0; min-height: 1.5rem; color: var(--link); }
ul.plain { list-style: none; padding: 0; }
ul.plain > li { border-bottom: 1px solid var(--line); padding: .6rem 0; }
.notice { border: 2px solid; padding: .6rem .9rem; margin: 1rem 0; }
svg { max-width: 100%; height: auto; }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
svg .axis { stroke: var(--line); } svg .goal { stroke: var(--good); stroke-dasharray: 5 4; }
svg .bar { stroke: var(--link); stroke-width: 2; } svg .dot { fill: var(--link); }
svg .heat { fill: var(--link); } svg .head { font-weight: 600; }
svg polyline, svg .best, svg .cross { fill: none; }
svg .trial { stroke: var(--link); stroke-width: 2; }
svg .step0 { stroke-opacity: .3; } svg .step1 { stroke-opacity: .45; }
svg .step2 { stroke-opacity: .6; } svg .step3 { stroke-opacity: .8; }
svg .step4 { stroke-width: 3; } svg .best { stroke: var(--good); stroke-width: 2; }
svg .stopped { stroke: var(--quiet); stroke-width: 1.5; stroke-dasharray: 5 4; }
svg .cross { stroke: var(--bad); stroke-width: 2; }
svg .share { fill: var(--link); } svg .lost { fill: var(--line); }
form { border: 1px solid var(--line); padding: .75rem 1rem; margin: 1rem 0; }
label { display: block; font-weight: 600; margin-top: .5rem; }
select { font: inherit; padding: .4rem; max-width: 100%; color: inherit;
  background: var(--paper); border: 1px solid var(--quiet); }
input[type=text], textarea { width: 100%; font: inherit; padding: .5rem; color: inherit;
  background: var(--paper); border: 1px solid var(--quiet); }
button { font: inherit; font-weight: 600; margin: .75rem .5rem 0 0; padding: .6rem 1.2rem;
  min-height: 2.75rem; border: 2px solid var(--ink); background: var(--paper); color: var(--ink);
  cursor: pointer; }
button.good { border-color: var(--good); color: var(--good); }
button.bad { border-color: var(--bad); color: var(--bad); }
@media (max-width: 40rem) { .scroll > svg { min-width: 44rem; }
  .scroll thead { position: absolute; left: -100rem; }
  .scroll table, .scroll caption, .scroll tbody, .scroll tr, .scroll th[scope=row],
  .scroll td { display: block; text-align: left; white-space: normal; }
  .scroll tr { border-bottom: 1px solid var(--line); padding: .4rem 0; }
  .scroll th[scope=row], .scroll td { border: 0; padding: .1rem 0; overflow-wrap: anywhere; }
  .scroll td { display: grid; grid-template-columns: 8rem 1fr; gap: 0 .75rem; }
  .scroll td::before { content: attr(data-label); color: var(--quiet); }
  .scroll td:empty { display: none; } }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .5rem; } }
"""
