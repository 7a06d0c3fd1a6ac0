/** `divisi data`: recordings before a training. */
import { Command, Option } from 'commander'
import { type DataCheckFlags, type DataContext, runDataCheck } from './data-check.ts'
import { type DataPrepareFlags, runDataPrepare } from './data-prepare.ts'
import { type DataPreviewFlags, runDataPreview } from './data-preview.ts'
import { parseThreads, wholeNumber } from './parse.ts'

const details = `
Folders that explain themselves: train/<song>/{vocals,…}.wav and test/<song>/…, as MUSDB has them; <song>/{vocals,…}.wav;
or the sub-folders vocals, instrumental, speech, mixtures and stems.

Examples:
  $ divisi data check --vocals singing --instrumental karaoke backing --html check.html
  $ divisi data check musdb18hq
  $ divisi data check --recipe recipes/vocals.yaml --data recordings

Exit codes: 0 no errors, 1 errors among the findings, 2 wrong usage, 130 interrupted by Ctrl-C. docs/data.md has what is
checked, how, and how often it is right.`

const parseCount = wholeNumber(1)
const parseRate = wholeNumber(8000, 192000, 'It is in hertz, 8000 to 192000.')

/** The options that name recordings. */
function withSources(command: Command): Command {
  return command
    .option('--vocals <folders...>', 'folders of voices alone')
    .option('--instrumental <folders...>', 'folders of music without voices')
    .option('--stems <folders...>', 'folders of songs, each a folder with a file per stem')
    .option('--mixtures <folders...>', 'folders of finished songs')
    .option('--recipe <file>', 'the recordings that a recipe names')
    .option('--data <folder>', 'where these are')
    .option('--cache <folder>', 'decoded recordings and measurements (default: ~/.cache/divisi)')
}

/** The command for commander; `work` runs what a subcommand asks for under Ctrl-C. */
export function dataCommand(
  work: (run: (signal: AbortSignal) => Promise<number>) => Promise<void>,
  context: Omit<DataContext, 'signal'>,
): Command {
  const command = new Command('data').description(
    'Look at recordings before a training: check them, decode them, listen to examples made of them.',
  )
  withSources(command.command('check'))
    .description('tell what is wrong with recordings: broken, silent, clipped, doubled, voices among accompaniments …')
    .argument('[folders...]', 'folders that explain themselves')
    .addOption(new Option('--rate <hertz>', "sample rate of training (default: the recipe's, or 44100)").argParser(parseRate))
    .addOption(new Option('--workers <n>', 'files read at a time (default: all processors but one)').argParser(parseCount))
    .addOption(new Option('--threads <n>', 'threads of the separator (default: all processors)').argParser(parseThreads))
    .option('--model <name>', 'separator that listens for voices (default: vocals)')
    .option('--no-voices', 'do not look for voices among accompaniments, which takes most of the time')
    .option('--quiet', 'leave notes out')
    .option('--json [file]', 'write all findings as JSON; without a file, print them')
    .option('--html <file>', 'write a page with pictures of the suspicious places')
    .addHelpText('after', details)
    .action((folders: string[], flags: DataCheckFlags) => work((signal) => runDataCheck(folders, flags, { ...context, signal })))
  withSources(command.command('prepare'))
    .description('decode recordings into the cache, so that a training begins at once; interrupted, it goes on')
    .addOption(new Option('--rate <hertz>', "sample rate of training (default: the recipe's, or 44100)").argParser(parseRate))
    .option('--json', 'print hours and bytes as JSON')
    .action((flags: DataPrepareFlags) => work((signal) => runDataPrepare(flags, { ...context, signal })))
  command
    .command('preview')
    .description('write a few examples exactly as a training sees them: sounds, spectrograms, what was drawn, a page with players')
    .requiredOption('--recipe <file>', 'recipe of the training')
    .option('--data <folder>', "where the recipe's recordings are; or `synthetic`: what is made here instead")
    .option('--stage <name>', 'of a recipe with stages: which one (default: the last)')
    .option('--cache <folder>', 'decoded recordings (default: ~/.cache/divisi)')
    .addOption(new Option('--count <n>', 'how many examples').default(4).argParser(parseCount))
    .addOption(new Option('--batch <n>', 'number of the first batch, counted from 0').default(0).argParser(wholeNumber(0)))
    .addOption(new Option('--threads <n>', 'threads of what turns spectra into sound (default: all processors)').argParser(parseThreads))
    .option('-o, --out <folder>', 'folder of the examples', 'preview')
    .action((flags: DataPreviewFlags) => work((signal) => runDataPreview(flags, { ...context, signal })))
  return command
}
