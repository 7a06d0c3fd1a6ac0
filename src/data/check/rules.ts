/** From measurements of a recording to findings. The thresholds stand here, their reasons also in docs/data.md. */
import { EXCERPT_SECONDS } from './excerpts.ts'
import type { Finding, FindingKind, Severity } from './findings.ts'
import type { Scan } from './scan.ts'
import type { Presence } from './voice.ts'

/** What a file is to training: `stem` is any stem of a song but its vocals. */
export type CheckedRole = 'vocals' | 'speech' | 'instrumental' | 'stem' | 'mixture'

export interface RuleOptions {
  /** Samples per second of training. */
  readonly rate: number
  /** Length of an example. */
  readonly exampleSeconds: number
}

/** Rates that recorders, players and codecs use. */
const usualRates = [8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 88200, 96000, 176400, 192000]

const thresholds = {
  /** Peak of what is silent throughout, as the cache has it: −80 dB. */
  silentPeak: 1e-4,
  /** Seconds of silence in one piece, and its share of the file. */
  pauseSeconds: 10,
  pauseShare: 0.8,
  /** Shares of samples at full scale or in flat tops: a limiter leaves some 10⁻⁴ at full scale, clipping by 3 dB more than 10⁻³. */
  clippedNote: 1e-4,
  clippedWarning: 1e-3,
  /** −46 dB of full scale. */
  offset: 5e-3,
  /** Of half the training rate: 12.1 kHz at 44.1 kHz. */
  narrowWarning: 0.55,
  /** Of half the training rate: 15.4 kHz at 44.1 kHz. Common encoders cut at 16 kHz, which harms little. */
  narrowNote: 0.7,
  /** dB within half a kilohertz: no instrument falls like this. */
  cliffDb: 14,
  monoDb: -60,
  deadDb: -60,
  invertedShare: 0.5,
  shortSeconds: 0.5,
  /** Energy of the estimated voice over that of an excerpt (dB). */
  voiceWarningDb: -18,
  voiceErrorDb: -6,
  /** Energy of what is not voice over that of an excerpt (dB). */
  accompanimentWarningDb: -18,
  accompanimentErrorDb: -3,
} as const

const db = (amplitude: number): string => `${(20 * Math.log10(amplitude)).toFixed(1)} dB`
const kilohertz = (hertz: number): string => `${Number((hertz / 1000).toFixed(2))} kHz`
const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`

/** Findings about one recording by itself. */
export function scanFindings(path: string, role: CheckedRole, scan: Scan, { rate, exampleSeconds }: RuleOptions): Finding[] {
  const found: Finding[] = []
  const add = (kind: FindingKind, severity: Severity, message: string, place: Pick<Finding, 'at' | 'until'> = {}): void => {
    found.push({ kind, severity, path, message, ...place })
  }
  const seconds = scan.frames / scan.sampleRate
  const t = thresholds
  if (scan.channels > 2) add('channels', 'error', `has ${scan.channels} channels; training takes mono and stereo only`)
  if (scan.frames === 0) add('silent', 'error', 'is empty')
  else if (!(scan.peak > t.silentPeak)) {
    // A song may do without a drummer.
    if (role === 'stem') add('silent', 'note', 'is silent throughout: an instrument that never plays')
    else add('silent', 'error', 'is silent')
  }
  if (found.some(({ severity }) => severity === 'error') || !(scan.peak > t.silentPeak)) return found

  pauses(add, role, scan, seconds)
  const { fullScale, flatTops, worst } = scan.clipping
  const clipped = fullScale + flatTops
  if (clipped >= t.clippedNote && clipped * scan.frames >= 8) {
    const parts = [
      fullScale > 0 ? `${percent(fullScale)} of the samples at full scale` : '',
      flatTops > 0 ? `${percent(flatTops)} in flat tops at ${db(scan.peak)}` : '',
    ]
    add('clipped', clipped >= t.clippedWarning ? 'warning' : 'note', parts.filter(Boolean).join(', '), { at: worst })
  }
  const offset = scan.offsets.reduce((most, x) => (Math.abs(x) > Math.abs(most) ? x : most), 0)
  if (Math.abs(offset) >= t.offset) add('offset', 'warning', `mean of ${offset.toFixed(4)} of full scale (${db(Math.abs(offset))})`)
  width(add, scan, rate)
  if (scan.channels === 2) stereo(add, scan)
  if (seconds < t.shortSeconds) add('short', 'warning', `lasts ${seconds.toFixed(2)} s, an example ${exampleSeconds} s`)
  else if (seconds < exampleSeconds)
    add('short', 'note', `lasts ${seconds.toFixed(1)} s, an example ${exampleSeconds} s: it is repeated, or padded with silence`)
  return found
}

type Add = (kind: FindingKind, severity: Severity, message: string, place?: Pick<Finding, 'at' | 'until'>) => void

function pauses(add: Add, role: CheckedRole, { silence, silentSeconds }: Scan, seconds: number): void {
  const longest = silence.reduce((a, b) => (b.until - b.at > a.until - a.at ? b : a), { at: 0, until: 0 })
  const [length, share] = [longest.until - longest.at, silentSeconds / seconds]
  if (length < thresholds.pauseSeconds && !(share >= thresholds.pauseShare && silentSeconds >= 3)) return
  // Singers rest; an accompaniment that does was cut wrongly, or ends long before its file.
  const expected = role !== 'instrumental' && role !== 'mixture' && share < thresholds.pauseShare
  add('pause', expected ? 'note' : 'warning', `silent for ${length.toFixed(1)} s in one piece, ${percent(share)} of the file`, longest)
}

function width(add: Add, { sampleRate, bandwidth: { edge, cliff } }: Scan, rate: number): void {
  const t = thresholds
  const half = Math.min(rate, sampleRate) / 2
  if (!usualRates.includes(sampleRate)) add('rate', 'warning', `has ${sampleRate} samples a second, a rate that nothing uses`)
  if (sampleRate / 2 < (t.narrowNote * rate) / 2) {
    const severity = sampleRate < t.narrowWarning * rate ? 'warning' : 'note'
    add('rate', severity, `has ${sampleRate} samples a second: at the ${rate} of training nothing is above ${kilohertz(sampleRate / 2)}`)
  }
  if (edge === 0 || edge >= t.narrowNote * half) return
  const severity = cliff >= t.cliffDb && edge < (t.narrowWarning * rate) / 2 && edge < 0.9 * half ? 'warning' : 'note'
  if (cliff >= t.cliffDb)
    add(
      'bandwidth',
      severity,
      `ends at ${kilohertz(edge)} by a cliff of ${cliff.toFixed(0)} dB, half its rate is ${kilohertz(sampleRate / 2)}: resampled up, or of a lossy encoder`,
    )
  else if (edge < 0.35 * half) add('bandwidth', 'note', `fades out at ${kilohertz(edge)}, half its rate is ${kilohertz(sampleRate / 2)}`)
}

function stereo(add: Add, { channelRms, stereo: measured, sampleRate }: Scan): void {
  const [left, right] = channelRms as readonly [number, number]
  const { sideDb, correlation, invertedShare, invertedAt } = measured!
  const t = thresholds
  const [quiet, loud] = [Math.min(left, right), Math.max(left, right)]
  if (quiet < loud * 10 ** (t.deadDb / 20))
    add(
      'dead-channel',
      'warning',
      `the ${left < right ? 'left' : 'right'} channel is silent${quiet > 0 ? ` (${db(quiet)}, the other one ${db(loud)})` : ''}`,
    )
  else if (invertedShare >= t.invertedShare)
    add(
      'inverted',
      'warning',
      `left and right are opposites in ${percent(invertedShare)} of the loud stretches (correlation ${correlation.toFixed(2)})`,
      {
        at: Math.floor(invertedAt * sampleRate) / sampleRate,
      },
    )
  else if (sideDb < t.monoDb)
    add('mono', 'note', `both channels are ${sideDb <= -199 ? 'equal' : `equal but for ${sideDb.toFixed(0)} dB`}: mono in stereo`)
}

/**
 * Whether a voice is in an accompaniment, or an accompaniment in vocals, judged by the second strongest of three excerpts: one alone may be a solo that
 * sounds like a voice.
 */
export function presenceFindings(path: string, role: CheckedRole, heard: readonly Presence[]): Finding[] {
  const vocal = role === 'vocals'
  if (heard.length === 0 || role === 'mixture' || role === 'speech') return []
  const level = (presence: Presence): number => (vocal ? presence.restDb : presence.vocalsDb)
  const sorted = [...heard].sort((a, b) => level(b) - level(a))
  const judged = sorted[Math.min(1, sorted.length - 1)]!
  const [warning, error] = vocal
    ? [thresholds.accompanimentWarningDb, thresholds.accompanimentErrorDb]
    : [thresholds.voiceWarningDb, thresholds.voiceErrorDb]
  if (level(judged) < warning) return []
  const strongest = sorted[0]!
  const what = vocal ? 'accompaniment' : 'a voice'
  const many = `${sorted.filter((presence) => level(presence) >= warning).length} of ${sorted.length} excerpts`
  return [
    {
      kind: vocal ? 'accompaniment' : 'voice',
      severity: level(judged) >= error ? 'error' : 'warning',
      path,
      message: `${what} in ${many}: at ${level(strongest).toFixed(1)} dB of the sound where it is strongest, by the separator's ear`,
      at: strongest.at,
      until: strongest.at + EXCERPT_SECONDS,
    },
  ]
}
