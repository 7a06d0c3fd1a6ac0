/** `divisi summary`: what a network consists of, module by module, without running it. */
import { Command, Option } from 'commander'
import {
  architectureNames,
  createNetwork,
  type ExampleInput,
  exampleInput,
  frameTransformerPresets,
  type Network,
  networkConfig,
  readNamedModel,
  shippedModels,
} from '../models/index.ts'
import { foldSummary, type Summary, summary } from '../nn/index.ts'
import { formatShape } from '../tensor/index.ts'
import { readRecipe } from '../training/index.ts'
import { exitCodes, oneLine, UsageError } from './errors.ts'
import { number, wholeNumber } from './parse.ts'

export interface SummaryFlags {
  readonly depth: number
  readonly seconds?: number
  readonly frames?: number
  readonly json?: boolean
}

const presets: Readonly<Record<string, unknown>> = frameTransformerPresets

const details = `
NETWORK is one of
  a preset of FrameTransformer: ${Object.keys(presets).join(', ')}
  a model that ships with Divisi: ${shippedModels.join(', ')}
  the path of a model file, .safetensors, or of a recipe, .yaml
  an architecture in its default sizes:
    ${architectureNames.join(', ')}

Multiply-adds are those of one forward pass of one example, products of matrices and convolutions.

Examples:
  $ divisi summary original --frames 256
  $ divisi summary --depth 9 runs/mine/best.safetensors
  $ divisi summary --json recipes/u-net.yaml | jq .parameters`

/** The command for commander. */
export function summaryCommand(run: (network: string, flags: SummaryFlags) => Promise<void>): Command {
  return new Command('summary')
    .description('Tell what a network consists of: modules, shapes, parameters, multiply-adds.')
    .argument('<network>', 'preset, model, recipe or architecture')
    .addOption(
      new Option('--depth <n>', 'how deep in modules of modules to look; what is deeper is counted in')
        .argParser(wholeNumber(0))
        .default(2),
    )
    .addOption(new Option('--seconds <n>', 'length of the input (default: the window of separate)').argParser(number(0, 'above')))
    .addOption(new Option('--frames <n>', 'the same in frames of the spectrogram, or in symbols').argParser(number(0, 'above')))
    .option('--json', 'print one JSON object')
    .addHelpText('after', details)
    .action(run)
}

/** The network that a configuration describes, where it is complete. */
function build(who: string, config: unknown, wayOut: string): Network {
  const checked = networkConfig.safeParse(config)
  if (!checked.success) {
    const [issue] = checked.error.issues
    throw new UsageError(`${who}: ${issue!.path.join('.') || 'it'}: ${issue!.message}; ${wayOut}`)
  }
  return createNetwork(checked.data)
}

async function openNetwork(name: string): Promise<Network> {
  const preset = Object.hasOwn(presets, name) ? presets[name] : undefined
  if (preset !== undefined) return build(name, preset, '')
  if ((architectureNames as readonly string[]).includes(name))
    return build(name, { architecture: name }, 'it has no default: write a recipe with it, or name one of recipes/')
  if (/[.]ya?ml$/i.test(name)) {
    const { recipe } = await readRecipe(name)
    return build(name, recipe.model, 'the recipe leaves that to its data: write it into the recipe, or name the model that training wrote')
  }
  try {
    return (await readNamedModel(name)).network
  } catch (error) {
    const known = [...Object.keys(presets), ...shippedModels, ...architectureNames].join(', ')
    throw new UsageError(`${oneLine(error)}; recipes end in .yaml, and names are ${known}`, { cause: error })
  }
}

function facts(name: string, network: Network, { tensors }: ExampleInput, { rows, parameters, buffers, multiplyAdds }: Summary): object {
  const inputs = Object.fromEntries(Object.entries(tensors).map(([key, { shape }]) => [key, shape]))
  return { name, architecture: network.config.architecture, inputs, parameters, buffers, multiplyAdds, modules: rows }
}

/**
 * Prints a network's modules.
 *
 * @returns the exit code
 * @throws UsageError for a network that there is not, and sizes that it does not take
 */
export async function runSummary(
  name: string,
  flags: SummaryFlags,
  { stdout }: { stdout: { write(text: string): unknown } },
): Promise<number> {
  const network = await openNetwork(name)
  let example: ExampleInput
  let whole: Summary
  try {
    example = exampleInput(network, flags)
    whole = summary(network, example.run)
  } catch (error) {
    throw new UsageError(`${name}: ${oneLine(error)}`, { cause: error })
  }
  const shown = foldSummary(whole, flags.depth)
  if (flags.json) {
    stdout.write(`${JSON.stringify(facts(name, network, example, shown))}\n`)
    return exitCodes.ok
  }
  const inputs = Object.entries(example.tensors).map(([key, { shape }]) => `${key} ${formatShape(shape)}`)
  const deeper = whole.rows.length - shown.rows.length
  stdout.write(`${name}: ${network.type} of ${inputs.join(', ')}: ${example.size}\n\n${shown}\n`)
  if (deeper > 0)
    stdout.write(`\n${deeper} modules lie deeper: --depth ${Math.max(...whole.rows.map(({ path }) => path.split('.').length))} shows all\n`)
  return exitCodes.ok
}
