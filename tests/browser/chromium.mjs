// The browser, and what a person sees in it.

import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const pictures = fileURLToPath(new URL('../../target/screenshots/', import.meta.url));
mkdirSync(pictures, { recursive: true });

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
// policy refuses, errors, what could not be loaded. That a page itself is a refusal is none, nor that there is no icon.
export async function profile(browser, options) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  context.setDefaultTimeout(60_000);
  const complaints = [];
  context.on('weberror', (error) => complaints.push(String(error.error())));
  context.on('console', (message) => {
    const { url } = message.location();
    const isPage = url === message.page()?.url() && /responded with a status of/.test(message.text());
    const isIcon = url.endsWith('/favicon.ico');
    if (message.type() === 'error' && !isPage && !isIcon) complaints.push(`${url}: ${message.text()}`);
  });
  return { context, complaints, page: await context.newPage() };
}

// Of a whole page, or of a part of one with other options.
export const picture = (what, name, options = { fullPage: true }) => what.screenshot({ path: `${pictures}${name}.png`, ...options });
