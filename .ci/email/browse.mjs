// Opens each email in headless Chromium: axe-core must find nothing, and nothing may
// scroll sideways at 320 pixels. With --control a file in which axe must find a fault.
//
//   node browse.mjs MODULES FILE… --control FILE
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { readFileSync } from "node:fs";

const [modules, ...rest] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${modules}/`));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const split = rest.indexOf("--control");
const files = split < 0 ? rest : rest.slice(0, split);
const controls = split < 0 ? [] : rest.slice(split + 1);

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
});

async function open(file, options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  // Nothing is fetched: pictures from the web are as good as off.
  await page.route("**", (route) =>
    route.request().url().startsWith("file:") ? route.continue() : route.abort());
  await page.goto(pathToFileURL(file).href);
  return { context, page };
}

async function violations(file, colorScheme) {
  const { context, page } = await open(file, { colorScheme, viewport: { width: 640, height: 900 } });
  await page.evaluate(axe);
  const found = await page.evaluate(() =>
    // An email has no landmarks of a page: its client has them.
    globalThis.axe.run(document, { rules: { region: { enabled: false }, "landmark-one-main": { enabled: false } } }));
  await context.close();
  return found.violations.map((one) => `${one.id}: ${one.nodes.length} × ${one.help} (${one.nodes[0].html.slice(0, 120)})`);
}

async function sideways(file) {
  const { context, page } = await open(file, { viewport: { width: 320, height: 640 } });
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  await context.close();
  return width;
}

let failed = false;
for (const file of files) {
  for (const scheme of ["light", "dark"]) {
    const found = await violations(file, scheme);
    if (found.length) {
      failed = true;
      console.log(`${file}, ${scheme}:\n  ${found.join("\n  ")}`);
    }
  }
  const width = await sideways(file);
  if (width > 320) {
    failed = true;
    console.log(`${file}: ${width} pixels wide at 320`);
  }
}
for (const file of controls) {
  const found = await violations(file, "light");
  const width = await sideways(file);
  if (!found.length || width <= 320) {
    failed = true;
    console.log(`${file}: the control was not caught (${found.length} faults, ${width} pixels wide)`);
  }
}
await browser.close();
console.log(`axe-core and 320 pixels: ${files.length} emails, ${controls.length} controls`);
process.exit(failed ? 1 : 0);
