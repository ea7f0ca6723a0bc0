// Holds finished EPUBs against what the model says of them, in one browser: Ace finds
// nothing, and two readers, foliate-js and epub.js, find the contents, the pages, the
// landmarks and every text. Then takes pictures of what a person should look at.
//
//   node check.mjs BOOKS OUT CONTROL
//
// BOOKS holds NAME.epub beside NAME.json; CONTROL is a book in which Ace must find
// something.
import fs from 'node:fs'
import http from 'node:http'
import { createRequire } from 'node:module'
import path from 'node:path'

const require = createRequire(import.meta.url)
const modules = path.join(import.meta.dirname, 'node_modules')
const [books, out, control] = process.argv.slice(2).map(folder => path.resolve(folder))
const names = fs.readdirSync(books).filter(name => name.endsWith('.epub')).map(name => name.slice(0, -5)).sort()
fs.mkdirSync(out, { recursive: true })
let faults = 0
const fault = (name, message) => { faults += 1; console.log(`FAULT ${name}: ${message}`) }

const puppeteer = require('puppeteer')
const browser = await puppeteer.launch({
    executablePath: process.env.PUPPETEER_EXECUTABLE_PATH,
    args: ['--no-sandbox', '--disable-setuid-sandbox', '--disable-gpu', '--disable-quic'],
})

// The readers come over HTTP, from this machine to itself.
const types = { '.js': 'text/javascript', '.html': 'text/html', '.epub': 'application/epub+zip', '.xhtml': 'application/xhtml+xml' }
const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost')
    const name = decodeURIComponent(pathname)
    if (name === '/') return response.setHeader('content-type', 'text/html').end('<!DOCTYPE html><title>readers</title>')
    const file = name.startsWith('/books/') ? path.join(books, name.slice(7)) : path.join(modules, name)
    if (!fs.existsSync(file)) return response.writeHead(404).end()
    response.setHeader('content-type', types[path.extname(file)] ?? 'application/octet-stream')
    response.end(fs.readFileSync(file))
})
await new Promise(listening => server.listen(0, '127.0.0.1', listening))
const address = `http://127.0.0.1:${server.address().port}`

const inFoliate = async url => {
    const { makeBook } = await import('/foliate-js/view.js')
    const blob = await (await fetch(url)).blob()
    const book = await makeBook(new File([blob], 'book.epub'))
    const flat = (items, level = 1) => (items ?? []).flatMap(item => [[level, item.label.trim(), item.href], ...flat(item.subitems, level + 1)])
    const resolves = async href => {
        const { index, anchor } = (await book.resolveHref(href)) ?? {}
        const document = await book.sections[index]?.createDocument()
        // The beginning of a document is 0.
        return Boolean(document) && (anchor?.(document) ?? null) !== null
    }
    const pages = flat(book.pageList)
    const broken = []
    for (const [, , href] of [...flat(book.toc), ...pages]) if (!await resolves(href)) broken.push(href)
    const documents = await Promise.all(book.sections.map(section => section.createDocument()))
    return {
        title: typeof book.metadata.title === 'string' ? book.metadata.title : Object.values(book.metadata.title)[0],
        contents: flat(book.toc).map(([level, label]) => [level, label]),
        pages: pages.map(([, label]) => label),
        landmarks: book.landmarks.map(landmark => [].concat(landmark.type)[0]),
        broken,
        text: documents.map(document => document.body.textContent).join(''),
    }
}

const inEpubJs = async url => {
    const book = window.ePub(await (await fetch(url)).arrayBuffer())
    await book.ready
    const flat = (items, level = 1) => items.flatMap(item => [[level, item.label.trim(), item.href], ...flat(item.subitems ?? [], level + 1)])
    const contents = flat(book.navigation.toc)
    const broken = contents.map(([, , href]) => href).filter(href => !book.spine.get(href))
    const texts = []
    for (const item of book.spine.spineItems) {
        const element = await item.load(book.load.bind(book))
        texts.push(element.querySelector('body').textContent)
    }
    return {
        title: book.packaging.metadata.title,
        contents: contents.map(([level, label]) => [level, label]),
        pages: book.pageList.pageList.map(page => String(page.page)),
        landmarks: book.navigation.landmarks.map(landmark => landmark.type),
        broken,
        text: texts.join(''),
    }
}

const squeezed = text => text.replace(/\s+/gu, '')
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b)

const hold = (name, reader, expected, found) => {
    const told = `${name} in ${reader}`
    if (!found.title.startsWith(expected.publication)) fault(told, `the title is ${found.title}`)
    // Runs of briefs and what stands behind the articles have words of the tool.
    let at = 0
    for (const section of expected.sections) {
        for (const [level, label] of [[1, section.title], ...section.articles.map(headline => [2, headline])]) {
            const next = found.contents.findIndex(([depth, words], i) => i >= at && depth === level && (words === label || label === ''))
            if (next < 0) fault(told, `the contents lack ${label} in its order: ${JSON.stringify(found.contents)}`)
            else at = next + 1
        }
    }
    const last = found.contents.length - at
    if (last < 1 || last > 3) fault(told, `behind the articles the contents have ${last} entries`)
    if (!same(found.pages, expected.pages)) fault(told, `the pages are ${found.pages}, and not ${expected.pages}`)
    if (!same(found.landmarks, expected.landmarks)) fault(told, `the landmarks are ${found.landmarks}`)
    if (found.broken.length) fault(told, `nothing is at ${found.broken}`)
    const text = squeezed(found.text)
    let count = 0
    for (const words of expected.texts) {
        if (!text.includes(words)) fault(told, `it lacks “${words.slice(0, 80)}”`)
        count += [...words].length
    }
    console.log(`${told}: ${found.contents.length} entries, ${found.pages.length} pages, ${expected.texts.length} texts of ${count} characters`)
}

const page = await browser.newPage()
await page.goto(`${address}/`)
await page.addScriptTag({ url: '/jszip/dist/jszip.min.js' })
await page.addScriptTag({ url: '/epubjs/dist/epub.js' })
for (const name of names) {
    const expected = JSON.parse(fs.readFileSync(path.join(books, `${name}.json`), 'utf8'))
    const url = `/books/${encodeURIComponent(name)}.epub`
    hold(name, 'foliate-js', expected, await page.evaluate(inFoliate, url))
    hold(name, 'epub.js', expected, await page.evaluate(inEpubJs, url))
}
// A control: a text that is not there must be missed.
{
    const before = faults
    const expected = JSON.parse(fs.readFileSync(path.join(books, `${names[0]}.json`), 'utf8'))
    expected.texts.push('Nobodyeverwrotethis')
    hold(`control of ${names[0]}`, 'foliate-js', expected, await page.evaluate(inFoliate, `/books/${encodeURIComponent(names[0])}.epub`))
    if (faults !== before + 1) throw new Error('the control was not caught: this checks nothing')
    faults = before
}

// Ace, each time in the same browser.
const launch = puppeteer.launch
puppeteer.launch = async () => ({ newPage: () => browser.newPage(), close: async () => {} })
const ace = require('@daisy/ace-core')
const runner = require('@daisy/ace-axe-runner-puppeteer')
for (const name of names) {
    const options = { cwd: books, outdir: path.join(out, `ace-${name}`), silent: true, initLogger: true, jobid: name }
    const [, report] = await ace(path.join(books, `${name}.epub`), options, runner)
    const assertions = (report.assertions ?? []).flatMap(file => file.assertions.map(one => `${file['earl:testSubject']?.url}: ${one['earl:test']['dct:title']}: ${one['earl:result']['dct:description']} ${one['earl:result'].html ?? ''}`))
    for (const assertion of assertions) fault(`${name} in Ace`, assertion)
    const outcome = report['earl:result']['earl:outcome']
    if (outcome !== 'pass') fault(`${name} in Ace`, outcome)
    console.log(`${name} in Ace: ${outcome}, ${assertions.length} assertions, metadata missing: ${report['a11y-metadata']?.missing?.length ?? '?'}`)
}
const [, ofControl] = await ace(control, { cwd: books, outdir: path.join(out, 'ace-control'), silent: true, initLogger: true }, runner)
if (ofControl['earl:result']['earl:outcome'] !== 'fail') throw new Error('Ace took a broken book: this checks nothing')
puppeteer.launch = launch

// What a person should look at, as epub.js shows it on a phone, by day and by night.
const view = async ([url, href, night]) => {
    document.body.replaceChildren()
    document.body.style.margin = '0'
    const book = window.ePub(await (await fetch(url)).arrayBuffer())
    const rendition = book.renderTo(document.body, { width: 420, height: 720, flow: 'scrolled-doc' })
    if (night) rendition.themes.default({ html: { background: '#111 !important', color: '#ddd !important' } })
    await rendition.display(href)
    await new Promise(drawn => setTimeout(drawn, 300))
    await document.fonts.ready
}
await page.setViewport({ width: 420, height: 720 })
for (const [name, file, night] of [
    ['chila-review', 'a-research-fronts.xhtml', false],
    ['chila-review', 'a-research-fronts.xhtml', true],
    ['specimen-review', 'a-notes.xhtml', false],
    ['specimen-review', 'a-tables.xhtml', false],
    ['specimen-review', 'a-tables.xhtml', true],
    ['specimen-review', 'a-figures.xhtml', true],
]) {
    if (!names.includes(name)) continue
    await page.evaluate(view, [`/books/${name}.epub`, file, night])
    await page.screenshot({ path: path.join(out, `${file.slice(0, -6)}${night ? '-night' : ''}.png`) })
}

await browser.close()
server.close()
if (faults) { console.log(`${faults} faults`); process.exit(1) }
console.log('no fault')
