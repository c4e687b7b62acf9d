// The browser, and what a person sees in it.

import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const pictures = fileURLToPath(new URL('../../target/screenshots/', import.meta.url));
mkdirSync(pictures, { recursive: true });

// For `inspect.mjs`: the pages' own policy forbids to add a script to them later.
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });

// An empty profile with one tab. `complaints` is what its console says and should not: scripts and styles that the
// policy refuses, errors, what could not be loaded. That a page itself is a refusal is none.
export async function profile(browser) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  context.setDefaultTimeout(20_000);
  await context.addInitScript({ content: axe });
  const complaints = [];
  context.on('weberror', (error) => complaints.push(String(error.error())));
  context.on('console', (message) => {
    const { url } = message.location();
    const isPage = url === message.page()?.url() && /responded with a status of/.test(message.text());
    if (message.type() === 'error' && !isPage) complaints.push(`${url}: ${message.text()}`);
  });
  return { context, complaints, page: await context.newPage() };
}

export const picture = (page, name) => page.screenshot({ path: `${pictures}${name}.png`, fullPage: true });
