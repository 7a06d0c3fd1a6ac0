/** How often an encoder–decoder says the right thing: held-out strings, decoded greedily. */
import type { TransductionKind } from '../../data/index.ts'
import { createTranslator, type Seq2Seq, type Translation } from '../../models/index.ts'
import { specialTokens } from '../../nn/index.ts'
import { attentionMap, linePlot } from '../../report/index.ts'
import type { Judgement, JudgeOptions, ScoreKind } from '../task.ts'
import { drawPair, type Pair, type StringsOptions } from './draw.ts'

/** Whole strings right, over all lengths and of the greatest length alone; symbols right at their places, the end symbol among them. */
export const scoreKinds = [
  { name: 'strings', label: 'strings right', unit: '%' },
  { name: 'longest', label: 'longest strings right', unit: '%' },
  { name: 'symbols', label: 'symbols right', unit: '%' },
] as const satisfies readonly ScoreKind[]

const share = (flags: readonly boolean[]) => flags.filter(Boolean).length / flags.length

/** Which symbols of an answer, the end symbol last, were said at their places. */
function symbolsRight({ target }: Pair, { tokens }: Pick<Translation, 'tokens'>): boolean[] {
  return [...target, specialTokens.end].map((token, i) => tokens[i] === token)
}

/** All of the answer, and nothing behind it. */
const isRight = (pair: Pair, said: Translation): boolean =>
  said.tokens.length === pair.target.length + 1 && symbolsRight(pair, said).every(Boolean)

const verbs: Readonly<Record<TransductionKind, string>> = { copy: 'copying', reverse: 'reversing' }

/** Held-out strings, half of them of any length and half of the greatest one. */
export async function judgeSequences(
  network: Seq2Seq,
  options: StringsOptions,
  { values, backend, examples, pause }: JudgeOptions,
): Promise<Judgement> {
  const [, longest] = options.length
  const anyLength = Array.from({ length: examples }, (_, i) => drawPair(options, 'heldOut', i))
  const longOnes = Array.from({ length: examples }, (_, i) => drawPair({ ...options, length: [longest, longest] }, 'heldOut', i))
  const translator = createTranslator(network, { values, backend, batchSize: Math.min(64, examples) })
  try {
    const say = async (pairs: readonly Pair[]) => {
      await pause()
      return translator.translate(
        pairs.map(({ source }) => source),
        { longest: longest + 1 },
      )
    }
    const [said, saidLong] = [await say(anyLength), await say(longOnes)]
    const scores = {
      strings: share(anyLength.map((pair, i) => isRight(pair, said[i]!))),
      longest: share(longOnes.map((pair, i) => isRight(pair, saidLong[i]!))),
      symbols: share(anyLength.flatMap((pair, i) => symbolsRight(pair, said[i]!))),
    }
    return { scores, pictures: picturesOf(network, options.kind, { pairs: [...anyLength, ...longOnes], said: [...said, ...saidLong] }) }
  } finally {
    await translator.dispose()
  }
}

interface Judged {
  readonly pairs: readonly Pair[]
  readonly said: readonly Translation[]
}

function picturesOf(network: Seq2Seq, kind: TransductionKind, { pairs, said }: Judged): Record<string, string> {
  const lengths = [...new Set(pairs.map(({ source }) => source.length))].sort((a, b) => a - b)
  const rightAt = lengths.map(
    (length) => 100 * share(pairs.flatMap((pair, i) => (pair.source.length === length ? [isRight(pair, said[i]!)] : []))),
  )
  const pictures: Record<string, string> = {
    lengths: linePlot({
      title: `Strings right by length, ${verbs[kind]}`,
      x: { label: 'length (symbols)' },
      y: { label: 'strings right', unit: '%', from: 0, to: 105 },
      lines: [{ label: 'held out, greedy decoding', x: lengths, y: rightAt, points: true }],
    }),
  }
  // The first of the longest ones: one string is enough to see where it looks.
  const at = pairs.findIndex(({ source }) => source.length === lengths.at(-1))
  const { tokens, attention } = said[at]!
  if (attention) {
    pictures.attention = attentionMap({
      title: `Where the decoder looks while ${verbs[kind]}`,
      weights: attention,
      keys: Array.from(pairs[at]!.source, (id) => network.sourceTokeniser.symbolOf(id)),
      queries: tokens.map((id) => network.targetTokeniser.symbolOf(id)),
      keyLabel: 'read',
      queryLabel: 'said',
    })
  }
  return pictures
}
