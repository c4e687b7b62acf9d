// The browser: one process for a file of tests, one empty profile for each person.

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

// Somebody's own browser: `page` is their first tab, `complaints` what the console said that it should not.
export async function person(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  context.setDefaultTimeout(15_000);
  const complaints = [];
  context.on('weberror', (error) => complaints.push(String(error.error())));
  context.on('console', (message) => {
    // A page that is itself an error is no complaint: its status is what a test looks at.
    const status = /^Failed to load resource: the server responded with a status of/.test(message.text());
    const isPage = message.location().url === message.page()?.url();
    if (message.type() === 'error' && !(status && isPage)) complaints.push(`${message.location().url}: ${message.text()}`);
  });
  return { context, complaints, page: await context.newPage() };
}

export const picture = (page, name) => page.screenshot({ path: `${pictures}${name}.png`, fullPage: true });
