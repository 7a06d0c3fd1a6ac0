/** How the pages of runs look: light or dark as their reader has it, light on paper, from 320 pixels up. */
export const pageStyle = `
:root { color-scheme: light dark; --back: #fff; --text: #1b1b1f; --soft: #565962; --rule: #dcdee3; --tint: #f4f5f7; --mark: #1158c7; --good: #0b7a3b; --bad: #b3124f }
@media screen and (prefers-color-scheme: dark) { :root { --back: #15161a; --text: #e6e7ea; --soft: #a9adb6; --rule: #33363d; --tint: #1f2126; --mark: #6ea8ff; --good: #56cf86; --bad: #ff7fa8 } }
* { box-sizing: border-box }
body { margin: 1.5rem auto; max-width: 76rem; padding: 0 1rem; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif }
h1 { font-size: 1.6rem; margin: 0 0 .3rem; overflow-wrap: anywhere } h2 { font-size: 1.2rem; margin: 2.4rem 0 .6rem; border-top: 1px solid var(--rule); padding-top: 1rem } h3 { font-size: 1rem; margin: 1.4rem 0 .4rem }
p { margin: .4rem 0 } .soft, figcaption, .tools, output { color: var(--soft) }
nav a { margin-right: 1rem } a { color: var(--mark) }
.state { display: inline-block; padding: 0 .6rem; border: 1px solid currentcolor; border-radius: 1rem; font-size: .9rem }
.state.running { color: var(--mark) } .state.finished { color: var(--good) } .state.failed { color: var(--bad) } .state.stopped { color: var(--soft) }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: .7rem; margin: 1rem 0; padding: 0 }
.tiles div { background: var(--tint); border-radius: .5rem; padding: .5rem .8rem } .tiles dt { color: var(--soft); font-size: .85rem } .tiles dd { margin: 0; font-size: 1.15rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere } .tiles dd small { display: block; color: var(--soft); font-size: .8rem }
progress { width: 100%; accent-color: var(--mark) }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 32rem), 1fr)); gap: .5rem 1.5rem }
figure { margin: 0 0 .8rem; min-width: 0 } figcaption { font-size: .9rem }
.plot { overflow-x: auto } .plot svg { display: block; width: 100%; min-width: 30rem; height: auto }
.chart svg { cursor: crosshair; touch-action: pan-x pan-y } .cross { stroke: var(--text); stroke-width: 1; stroke-dasharray: 3 3; pointer-events: none } .drag { fill: var(--mark); opacity: .18; pointer-events: none }
output { display: block; min-height: 1.5em; font-size: .9rem; font-variant-numeric: tabular-nums }
button { font: inherit; font-size: .9rem; min-width: 2.2rem; margin-right: .3rem; padding: .05rem .5rem; color: var(--text); background: var(--tint); border: 1px solid var(--rule); border-radius: .35rem } button[aria-pressed=true] { border-color: var(--mark); color: var(--mark) }
.examples { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 17rem), 1fr)); gap: 1rem } .examples.large { grid-template-columns: repeat(auto-fill, minmax(min(100%, 30rem), 1fr)) } .examples svg { width: 100%; height: auto; display: block } audio { width: 100%; margin-top: .3rem }
.wide { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums } th, td { padding: .25rem .8rem .25rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--rule) } th { font-weight: 600 } td.number, th.number { text-align: right } td.number { white-space: nowrap } td:first-child { min-width: 6rem }
pre { background: var(--tint); border-radius: .5rem; padding: .7rem 1rem; overflow-x: auto; font: 13px/1.45 ui-monospace, monospace } code { font: .88em ui-monospace, monospace; overflow-wrap: anywhere }
summary { cursor: pointer; font-weight: 600 } details { margin: .6rem 0 }
tr.group td { background: var(--tint); font-weight: 600 } td.better { color: var(--good); font-weight: 600 }
:focus-visible { outline: 2px solid var(--mark); outline-offset: 2px }
@media print { body { margin: 0; max-width: none; font-size: 11pt } .tools, .refresh, nav, audio { display: none } .charts { grid-template-columns: 1fr 1fr } figure, .tiles, tr { break-inside: avoid } pre { white-space: pre-wrap } .plot svg { min-width: 0 } }
`
