import { describe, expect, test } from 'vitest'
import { type Dependency, missingFromNotices, objection } from '../../scripts/licences.ts'

const dependency = (licence: string, more: Partial<Dependency> = {}): Dependency => ({
  name: 'some-package',
  version: '1.0.0',
  licence,
  shipped: true,
  ...more,
})

describe('the licence check', () => {
  test.each(['MIT', 'Apache-2.0', '(MIT OR CC0-1.0)', 'GPL-3.0-only OR MIT', 'MIT AND Zlib'])('lets "%s" in', (licence) => {
    expect(objection(dependency(licence))).toBeUndefined()
  })

  test.each(['GPL-2.0-only', 'AGPL-3.0-or-later', 'LGPL-2.1-only', 'MIT AND GPL-3.0-only', 'SEE LICENSE IN LICENSE', 'UNLICENSED', ''])(
    'refuses "%s"',
    (licence) => {
      expect(objection(dependency(licence))).toContain('some-package@1.0.0')
    },
  )

  test('lets weak copyleft into tools and not into what is shipped', () => {
    expect(objection(dependency('MPL-2.0', { shipped: false }))).toBeUndefined()
    expect(objection(dependency('MPL-2.0'))).toContain('MPL-2.0')
  })

  test('lets LGPL and MPL in by name only, and that name not under another licence', () => {
    expect(objection(dependency('MPL-2.0', { name: 'mediabunny' }))).toBeUndefined()
    expect(objection(dependency('GPL-2.0-only', { name: 'mediabunny' }))).toContain('GPL-2.0-only')
    expect(objection(dependency('LGPL-3.0-or-later', { name: 'codec-parser' }))).toBeUndefined()
    expect(objection(dependency('AGPL-3.0-only', { name: 'codec-parser' }))).toContain('AGPL-3.0-only')
  })
})

describe('the notices', () => {
  const mpg123 = dependency('MIT', { name: 'mpg123-decoder' })

  test('must name what a licence field hides', () => {
    expect(missingFromNotices('### mpg123-decoder\nMIT, with libmpg123 under LGPL-2.1.\n', [mpg123])).toEqual([])
    expect(missingFromNotices('### mpg123-decoder\nMIT\n', [mpg123])).toEqual([
      'section "mpg123-decoder" does not say "libmpg123"',
      'section "mpg123-decoder" does not say "LGPL-2.1"',
    ])
  })

  test('may name the binaries of one library together', () => {
    const binary = dependency('MIT', { name: '@some/binary-linux-x64' })
    expect(missingFromNotices('### @some/binary-*\nMIT\n', [binary])).toEqual([])
    expect(missingFromNotices('### @some/binary-*\nISC\n', [binary])).toEqual(['section "@some/binary-linux-x64" does not say "MIT"'])
    expect(missingFromNotices('### @some/binaries-*\nMIT\n', [binary])).toEqual(['no section "### @some/binary-linux-x64"'])
  })

  test('must have a section for each shipped package, and need none for tools', () => {
    expect(missingFromNotices('', [dependency('MIT'), dependency('MIT', { shipped: false })])).toEqual(['no section "### some-package"'])
  })
})
