/**
 * What moves in the page of a run: charts zoom together (drag, double click, buttons) and tell their values (pointer, arrow keys), one sound plays at a
 * time, and the page of a run that is going on is read anew now and then, if its reader is not busy with it. Without scripts the page says the same.
 */
export const pageScript = `
(() => {
  const NS = 'http://www.w3.org/2000/svg'
  const superscript = (n) => String(n).replace(/[-0-9]/g, (c) => '⁰¹²³⁴⁵⁶⁷⁸⁹⁻'['0123456789-'.indexOf(c)])
  const number = (v) => {
    if (v === null || v === undefined || !isFinite(v)) return '–'
    const size = Math.abs(v)
    if (size === 0 || (size >= 1e-3 && size < 1e6)) return String(Number(v.toPrecision(size >= 1e4 ? 6 : 4))).replace('-', '−')
    const e = Math.floor(Math.log10(size) + 1e-12)
    return (String(Number((v / 10 ** e).toPrecision(3))) + '·10' + superscript(e)).replace('-', '−')
  }
  const ticksOf = (low, high, count) => {
    const wanted = (high - low) / count
    const power = 10 ** Math.floor(Math.log10(wanted))
    const step = power * ([1, 2, 5].find((f) => f * power >= wanted * (1 - 1e-9)) || 10)
    const all = []
    for (let i = Math.ceil(low / step - 1e-9); i <= high / step + 1e-9; i++) all.push(Number((i * step).toPrecision(12)))
    return all
  }
  // Charts side by side, of one run, show one range of steps.
  const setUp = (figure, group) => {
    const data = JSON.parse(figure.querySelector('script').textContent)
    const svg = figure.querySelector('svg')
    const plot = figure.querySelector('.plot')
    const tools = figure.querySelector('.tools')
    const out = figure.querySelector('output')
    const border = svg.querySelector('rect.border')
    const [left, top, width, height] = ['x', 'y', 'width', 'height'].map((k) => Number(border.getAttribute(k)))
    const inside = svg.querySelector('g[clip-path]')
    const xs = data.lines.flatMap((line) => line.x)
    const whole = [Math.min(...xs), Math.max(...xs)]
    let log = data.log
    let place = null
    const zoomTo = (next) => {
      group.range = next && next[1] > next[0] ? next : null
      for (const other of group.draws) other()
    }
    const make = (name, attributes, text) => {
      const node = document.createElementNS(NS, name)
      for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value)
      if (text !== undefined) node.textContent = text
      return node
    }
    const cross = make('line', { class: 'cross', y1: top, y2: top + height, visibility: 'hidden' })
    const frame = make('rect', { class: 'drag', y: top, height, visibility: 'hidden' })
    svg.append(frame, cross)
    let x = null
    const scales = () => {
      const [from, to] = group.range || whole
      const room = group.range || whole[0] !== whole[1] ? 0 : 0.5
      const margin = group.range ? 0 : data.lines.some((line) => line.points) ? 0.02 * (to - from) : 0
      const [low, high] = [from - room - margin, to + room + margin]
      const seen = data.lines.flatMap((line) => line.y.filter((v, i) => v !== null && line.x[i] >= low && line.x[i] <= high))
      const t = log ? Math.log10 : (v) => v
      let [a, b] = seen.length > 0 ? [seen.reduce((m, v) => Math.min(m, t(v)), Infinity), seen.reduce((m, v) => Math.max(m, t(v)), -Infinity)] : [0, 1]
      if (b - a < 1e-12 * Math.max(Math.abs(a), Math.abs(b)) || a === b) [a, b] = a === 0 ? [-1, 1] : [a - Math.abs(a) / 2, b + Math.abs(b) / 2]
      else [a, b] = [a - 0.06 * (b - a), b + 0.06 * (b - a)]
      x = { low, high, at: (v) => left + ((v - low) / (high - low)) * width, back: (p) => low + ((p - left) / width) * (high - low) }
      return { a, b, y: (v) => top + height - Math.max(-3, Math.min(4, (t(v) - a) / (b - a))) * height }
    }
    const draw = () => {
      const { a, b, y } = scales()
      for (const node of svg.querySelectorAll(':scope > line.grid, :scope > line.zero, :scope > text:not([class])')) node.remove()
      inside.textContent = ''
      const grid = (value, x1, y1, x2, y2) => inside.before(make('line', { class: value === 0 ? 'zero' : 'grid', x1, y1, x2, y2 }))
      for (const v of ticksOf(x.low, x.high, 8)) {
        grid(v, x.at(v), top, x.at(v), top + height)
        svg.append(make('text', { x: x.at(v), y: top + height + 17, 'text-anchor': 'middle' }, number(v)))
      }
      const decades = log && b - a > 2.5
      const marks = decades
        ? ticksOf(a, b, 6).filter(Number.isInteger).map((e) => 10 ** e)
        : ticksOf(log ? 10 ** a : a, log ? 10 ** b : b, 6).filter((v) => !log || v > 0)
      for (const v of marks) {
        grid(v, left, y(v), left + width, y(v))
        svg.append(make('text', { x: left - 7, y: y(v) + 4, 'text-anchor': 'end' }, number(v)))
      }
      data.lines.map((line, n) => {
        const at = []
        for (let i = 0; i < line.x.length; i++) {
          const near = (line.x[i + 1] === undefined || line.x[i + 1] >= x.low) && (line.x[i - 1] === undefined || line.x[i - 1] <= x.high)
          if (line.y[i] !== null && near) at.push(i)
          else if (line.y[i] === null) at.push(-1)
        }
        const path = (values, join) => join(at.filter((i) => i < 0 || values[i] !== null).map((i) => (i < 0 ? null : x.at(line.x[i]).toFixed(1) + ' ' + y(values[i]).toFixed(1))))
        const parts = []
        if (line.low) {
          const low = line.low.map((v, i) => (log && !(v > 0) ? line.y[i] : v))
          const edge = (values) => path(values, (points) => points.filter((p) => p !== null))
          parts.push(make('path', { class: 'area band fill' + (n % 8), d: 'M' + [...edge(line.high), ...edge(low).reverse()].join('L') + 'Z' }))
        }
        const d = path(line.y, (points) => points.reduce((text, p, i) => (p === null ? text : text + (i > 0 && points[i - 1] !== null ? 'L' : 'M') + p), ''))
        parts.push(make('path', { class: 'line line' + (n % 8), d }))
        if (line.points) for (const i of at) if (i >= 0) parts.push(make('circle', { class: 'dot fill' + (n % 8), cx: x.at(line.x[i]), cy: y(line.y[i]), r: 3.2 }))
        return parts
      }).reverse().forEach((parts) => inside.append(...parts))
      if (place !== null) tell(place)
    }
    const nearest = (line, step) => {
      let [low, high] = [0, line.x.length - 1]
      while (high - low > 1) {
        const middle = (low + high) >> 1
        if (line.x[middle] <= step) low = middle
        else high = middle
      }
      return Math.abs(line.x[high] - step) < Math.abs(line.x[low] - step) ? high : low
    }
    const tell = (step) => {
      const first = data.lines.reduce((best, line) => {
        const at = line.x[nearest(line, step)]
        return best === null || Math.abs(at - step) < Math.abs(best - step) ? at : best
      }, null)
      place = first
      for (const [key, value] of [['x1', x.at(first)], ['x2', x.at(first)], ['visibility', 'visible']]) cross.setAttribute(key, value)
      out.textContent = 'step ' + number(first) + ': ' + data.lines.map((line) => {
        const i = nearest(line, first)
        // A line that has no value near this step says nothing.
        const far = line.x.length > 1 && Math.abs(line.x[i] - first) > 2 * (line.x[line.x.length - 1] - line.x[0]) / (line.x.length - 1)
        const spread = line.low && line.low[i] !== line.high[i] ? ' (' + number(line.low[i]) + ' to ' + number(line.high[i]) + ')' : ''
        return far ? null : (data.lines.length > 1 ? line.label + ' ' : '') + number(line.y[i]) + spread
      }).filter((words) => words !== null).join(', ')
    }
    const quiet = () => {
      place = null
      cross.setAttribute('visibility', 'hidden')
      out.textContent = ''
    }
    const pointAt = (event) => {
      const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse())
      return Math.max(left, Math.min(left + width, point.x))
    }
    let drag = null
    svg.addEventListener('pointerdown', (event) => {
      if (!x) scales()
      tell(x.back(pointAt(event)))
      if (event.pointerType === 'mouse' && event.button === 0) {
        drag = pointAt(event)
        svg.setPointerCapture(event.pointerId)
        event.preventDefault()
      }
    })
    svg.addEventListener('pointermove', (event) => {
      if (!x) scales()
      const p = pointAt(event)
      if (drag !== null) for (const [key, value] of [['x', Math.min(drag, p)], ['width', Math.abs(p - drag)], ['visibility', 'visible']]) frame.setAttribute(key, value)
      tell(x.back(p))
    })
    svg.addEventListener('pointerup', (event) => {
      if (drag === null) return
      const [a, b] = [drag, pointAt(event)].sort((p, q) => p - q)
      drag = null
      frame.setAttribute('visibility', 'hidden')
      if (b - a > 6) zoomTo([x.back(a), x.back(b)])
    })
    svg.addEventListener('pointerleave', (event) => event.pointerType === 'mouse' && quiet())
    svg.addEventListener('dblclick', () => zoomTo(null))
    plot.addEventListener('keydown', (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
      if (by === undefined) return
      if (!x) scales()
      event.preventDefault()
      const line = data.lines[0]
      const at = place === null ? nearest(line, by > 0 ? x.low : x.high) - by : nearest(line, place)
      tell(line.x[Math.max(0, Math.min(line.x.length - 1, at + by))])
    })
    plot.addEventListener('blur', quiet)
    const button = (text, name, act) => {
      const node = document.createElement('button')
      node.type = 'button'
      node.textContent = text
      node.title = name
      node.setAttribute('aria-label', name)
      node.addEventListener('click', act)
      tools.append(node)
      return node
    }
    const stretch = (from, to) => () => {
      const [a, b] = group.range || whole
      const next = [a + from * (b - a), a + to * (b - a)]
      zoomTo(from < 0 && to > 1 && (next[0] <= whole[0] && next[1] >= whole[1]) ? null : [Math.max(whole[0], next[0]), Math.min(whole[1], next[1])])
    }
    button('+', 'zoom in', stretch(0.25, 0.75))
    button('−', 'zoom out', stretch(-0.5, 1.5))
    button('‹', 'earlier', stretch(-0.5, 0.5))
    button('›', 'later', stretch(0.5, 1.5))
    button('all', 'show all steps', () => zoomTo(null))
    if (data.positive) {
      const toggle = button('log', 'logarithmic axis', () => {
        log = !log
        toggle.setAttribute('aria-pressed', String(log))
        draw()
      })
      toggle.setAttribute('aria-pressed', String(log))
    }
    tools.hidden = false
    group.draws.push(draw)
  }
  const groups = [...document.querySelectorAll('.charts')].map((place) => {
    const group = { range: null, draws: [] }
    for (const figure of place.querySelectorAll('figure.chart')) setUp(figure, group)
    return group
  })

  const sounds = [...document.querySelectorAll('audio')]
  for (const sound of sounds) sound.addEventListener('play', () => sounds.forEach((other) => other !== sound && other.pause()))

  const box = document.querySelector('#refresh')
  if (box) {
    box.closest('label').hidden = false
    const keep = (change) => {
      try {
        if (change === undefined) return sessionStorage.getItem(location.pathname)
        sessionStorage.setItem(location.pathname, change)
      } catch {}
      return null
    }
    box.checked = keep() !== 'stay'
    box.addEventListener('change', () => keep(box.checked ? 'go' : 'stay'))
    const busy = () => document.hidden || groups.some((group) => group.range) || sounds.some((sound) => !sound.paused) || !getSelection().isCollapsed
    setInterval(() => {
      if (box.checked && !busy()) location.reload()
    }, 30000)
  }
})()
`
