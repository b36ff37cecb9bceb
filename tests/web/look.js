// Opens a page in Debian's Chromium, does with it what people do, and prints what it saw as one JSON document.
// usage: NODE_PATH=... node look.js FILE CHECK [WORD] [dark] [no-scripts] [shot=FILE.png]; graph searches for WORD
"use strict";
const { chromium } = require("playwright-core");
const axe = require("axe-core");
const path = require("path");

const SCREEN = { width: 1366, height: 768 };

// Text that is too small to read, text over other text, and text that its box cuts off.
function measureText() {
  const seen = [];
  const trouble = { small: [], overlapping: [] };
  document.querySelectorAll("svg text").forEach((text) => {
    const box = text.getBoundingClientRect();
    if (!box.width || !text.textContent.trim()) return;
    const scale = Math.abs(text.getScreenCTM().d);
    const pixels = parseFloat(getComputedStyle(text).fontSize) * scale;
    if (pixels < 8.99) trouble.small.push(text.textContent + " " + pixels.toFixed(1));
    seen.push({ owner: text.ownerSVGElement, text: text.textContent, box });
  });
  document.querySelectorAll(".box, .inner, td, th, p, button, dt, dd, li").forEach((element) => {
    if (!element.textContent.trim() || !element.getClientRects().length) return;
    const pixels = parseFloat(getComputedStyle(element).fontSize);
    if (pixels < 9) trouble.small.push(element.textContent + " " + pixels);
  });
  seen.forEach((a, at) => seen.slice(at + 1).forEach((b) => {
    if (a.owner !== b.owner) return;
    const width = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
    const height = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
    if (width > 2 && height > 4) trouble.overlapping.push(a.text + " / " + b.text);
  }));
  return trouble;
}

async function faultsOf(page) {
  await page.evaluate(axe.source);
  const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return result.violations.filter((fault) => ["serious", "critical"].includes(fault.impact))
    .map((fault) => fault.id + ": " + fault.nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(" | "));
}

// The matrix of the first picture's content on the screen.
function view(page) {
  return page.evaluate(async () => {
    // The library moves the picture when the next frame is drawn.
    for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
    const matrix = document.querySelector("figure.graph svg .graph, figure.graph svg g").getScreenCTM();
    return { scale: matrix.a, x: matrix.e, y: matrix.f };
  });
}

async function zoom(page) {
  const canvas = page.locator("figure.graph .canvas").first();
  const button = (what) => page.locator(`figure.graph [data-do=${what}]`).first();
  await canvas.scrollIntoViewIfNeeded();
  const facts = { start: await view(page) };
  await button("in").click();
  facts.in = await view(page);
  await button("out").click();
  facts.out = await view(page);
  const box = await canvas.boundingBox();
  await page.mouse.move(box.x + 20, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(box.x + 90, box.y + 60, { steps: 4 });
  await page.mouse.up();
  facts.dragged = await view(page);
  await canvas.focus();
  await page.keyboard.press("+");
  facts.key = await view(page);
  await page.keyboard.press("0");
  facts.fit = await view(page);
  return facts;
}

function crumbs(page) {
  return page.locator(".crumbs button").allTextContents();
}

async function treemap(page) {
  const facts = {};
  const enterable = page.locator(".map .box:not([aria-disabled])").first();
  await enterable.scrollIntoViewIfNeeded();
  facts.start = await crumbs(page);
  await enterable.click({ position: { x: 6, y: 6 } });
  facts.entered = await crumbs(page);
  await page.locator(".crumbs button").first().click();
  facts.left = await crumbs(page);
  await enterable.focus();
  facts.told = await page.locator(".detail").textContent();
  await page.keyboard.press("Enter");
  facts.enteredByKey = await crumbs(page);
  facts.focus = await page.evaluate(() => document.activeElement.className);
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Escape");
  facts.leftByKey = await crumbs(page);
  return facts;
}

async function table(page) {
  const names = () => page.locator("#types ~ div table").first().locator("tbody tr:visible td.name").allTextContents();
  const heading = page.locator("#types ~ div table").first().locator("thead th button").first();
  const facts = { start: await names() };
  await heading.click();
  facts.sorted = await names();
  await heading.click();
  facts.back = await names();
  const filter = page.locator("#types ~ div input.filter").first();
  await filter.fill(facts.start[1].slice(0, 4));
  facts.word = facts.start[1].slice(0, 4);
  facts.found = await names();
  await filter.fill("");
  return facts;
}

// The boxes of the first picture that have a class, by their first line.
function boxesWith(page, name) {
  return page.evaluate((wanted) => [...document.querySelectorAll("figure.graph .node." + wanted)]
    .map((node) => node.querySelector("text").textContent), name);
}

async function graph(page, word) {
  const facts = { boxes: await boxesWith(page, "node"), target: await boxesWith(page, "target") };
  const panel = page.locator("figure.graph .facts").first();
  const search = page.locator("figure.graph input").first();
  const status = () => page.locator("figure.graph .tools [role=status]").first().textContent();
  // Is all of the picture on the screen?
  facts.outside = await page.evaluate(() => [...document.querySelectorAll("figure.graph .node")].filter((node) => {
    const box = node.getBoundingClientRect();
    const canvas = node.closest(".canvas").getBoundingClientRect();
    return box.left < canvas.left || box.right > canvas.right || box.top < canvas.top || box.bottom > canvas.bottom
      || box.bottom > innerHeight;
  }).length);
  await search.fill(word);
  facts.found = await boxesWith(page, "found");
  facts.status = await status();
  await search.press("Enter");
  facts.chosen = await boxesWith(page, "here");
  facts.told = await panel.textContent();
  await search.press("Escape");
  facts.foundNoMore = await boxesWith(page, "found");
  await page.locator("figure.graph .node.target").first().click();
  facts.lit = await boxesWith(page, "lit");
  facts.arrows = await page.locator("figure.graph .edge.lit").count();
  await page.locator("figure.graph .canvas").first().press("Escape");
  facts.litNoMore = await boxesWith(page, "lit");
  facts.hidden = await panel.isHidden();
  await page.locator("figure.graph .canvas").first().focus();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  facts.byKey = await boxesWith(page, "here");
  await page.keyboard.press("/");
  facts.focus = await page.evaluate(() => document.activeElement.type);
  await page.keyboard.press("Escape");
  return facts;
}

async function theme(page) {
  const back = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const facts = { before: await back() };
  await page.locator("#theme").click();
  facts.after = await back();
  await page.locator("#theme").click();
  facts.again = await back();
  return facts;
}

// The ends of the time that each plot shows.
function ranges(page) {
  return page.evaluate(() => window.plots.map((plot) => [plot.scales.x.min, plot.scales.x.max]));
}

const CHECKS = {
  async plot(page) {
    const facts = { text: await page.evaluate(measureText), start: await ranges(page) };
    const over = page.locator(".uplot .u-over").first();
    const box = await over.boundingBox();
    await page.mouse.move(box.x + 0.25 * box.width, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + 0.5 * box.width, box.y + 30, { steps: 4 });
    await page.mouse.up();
    facts.zoomed = await ranges(page);
    facts.legend = await page.locator(".u-legend .u-value").allTextContents();
    await over.dblclick();
    facts.again = await ranges(page);
    facts.rows = await page.locator("table.sortable tbody tr").count();
    facts.theme = await theme(page);
    facts.plots = await page.locator(".uplot").count();
    facts.faults = await faultsOf(page);
    return facts;
  },
  // A picture of its own.
  async picture(page) {
    return {
      text: await page.evaluate(measureText),
      outside: await page.evaluate(() => [...document.querySelectorAll("text")].filter((text) => {
        const box = text.getBoundingClientRect();
        const all = document.documentElement.getBoundingClientRect();
        return box.left < all.left || box.right > all.right || box.top < all.top || box.bottom > all.bottom;
      }).map((text) => text.textContent)),
    };
  },
  async report(page) {
    const facts = { text: await page.evaluate(measureText) };
    facts.zoom = await zoom(page);
    facts.treemap = await treemap(page);
    facts.table = await table(page);
    facts.theme = await theme(page);
    facts.faults = await faultsOf(page);
    return facts;
  },
  async graph(page, word) {
    const facts = { text: await page.evaluate(measureText), graph: await graph(page, word) };
    facts.zoom = await zoom(page);
    facts.faults = await faultsOf(page);
    return facts;
  },
  // Every box chosen and searched for by its own text.
  async hostileGraph(page) {
    const facts = { text: await page.evaluate(measureText), boxes: await page.locator("figure.graph .node").count() };
    const panel = page.locator("figure.graph .facts").first();
    facts.told = [];
    for (const box of await page.locator("figure.graph .node").all()) {
      await box.focus();
      await page.keyboard.press("Enter");
      facts.told.push(await panel.textContent());
      await page.locator("figure.graph input").first().fill((await box.locator("text").first().textContent()));
    }
    facts.wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    facts.elements = await page.evaluate(() => [...new Set([...document.querySelectorAll("figure.graph *")].map((e) => e.localName))].sort());
    return facts;
  },
  // Only looked at, as people do who opened a page of a stranger's heap.
  async hostile(page) {
    const facts = { text: await page.evaluate(measureText), rows: await page.locator("tbody tr").count() };
    facts.boxes = await page.locator(".map .box").count();
    facts.wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    for (const box of await page.locator(".map .box").all()) await box.hover({ position: { x: 1, y: 1 }, force: true });
    return facts;
  },
  async still(page) {
    return {
      tables: await page.locator("table:visible").count(),
      rows: await page.locator("tbody tr:visible").count(),
      pictures: await page.locator("figure.graph .canvas > svg:visible").count(),
      tools: await page.locator(".tools:visible, #theme:visible, #treemap:visible, input:visible").count(),
    };
  },
};

async function main() {
  const [file, check, ...words] = process.argv.slice(2);
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium", chromiumSandbox: process.getuid() !== 0,
  });
  const page = await browser.newPage({
    viewport: SCREEN, javaScriptEnabled: !words.includes("no-scripts"), colorScheme: words.includes("dark") ? "dark" : "light",
  });
  const seen = { messages: [], requests: [], dialogs: 0 };
  page.on("console", (message) => seen.messages.push(message.type() + ": " + message.text()));
  page.on("pageerror", (error) => seen.messages.push(String(error)));
  page.on("request", (request) => seen.requests.push(request.url()));
  page.on("dialog", (dialog) => { seen.dialogs++; dialog.dismiss(); });
  await page.goto("file://" + path.resolve(file));
  const facts = await CHECKS[check](page, words[0]);
  const shot = words.find((word) => word.startsWith("shot="));
  if (shot) await page.screenshot({ path: shot.slice(5), fullPage: true });
  if (!words.includes("no-scripts")) facts.hacked = await page.evaluate(() => window.hacked === undefined ? null : String(window.hacked));
  console.log(JSON.stringify({ ...facts, ...seen }));
  await browser.close();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
