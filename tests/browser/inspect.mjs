// Pages as anybody may meet them: light and dark, on a phone and on a desk.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { picture } from './chromium.mjs';

// Evaluated in the page, since its own policy forbids to add a script to it.
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// What is wrong with a page in the dark alone is its colours.
const SCHEMES = { light: {}, dark: { runOnly: ['color-contrast'] } };
const WIDTHS = { phone: 360, desk: 1280 };

// Looks at the page as it is now: whether it has anything serious against those who need a reader, contrast or a
// keyboard, and anything wider than the window. Keeps a picture of each form of it. Answers with what it found.
export async function inspect(page, name) {
  const size = page.viewportSize();
  const found = [];
  await page.evaluate(axe);
  for (const [scheme, rules] of Object.entries(SCHEMES)) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const [device, width] of Object.entries(WIDTHS)) {
      await page.setViewportSize({ width, height: 800 });
      const { violations, checked, overflow } = await page.evaluate(async (options) => {
        const { violations, passes } = await globalThis.axe.run(document, { resultTypes: ['violations'], ...options });
        const { scrollWidth, clientWidth } = document.documentElement;
        return { violations, checked: passes.length, overflow: scrollWidth - clientWidth };
      }, rules);
      assert.notEqual(checked, 0, `axe has looked at ${name}`);
      const where = `${name}, ${scheme}, ${device}`;
      for (const { id, help, impact, nodes } of violations) {
        if (impact === 'serious' || impact === 'critical') {
          found.push(`${where}: ${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`);
        }
      }
      if (overflow > 0) found.push(`${where}: ${overflow} px wider than the window`);
      await picture(page, `${name}-${scheme}-${device}`);
    }
  }
  // The narrowest window that WCAG 2.2 asks for (1.4.10).
  await page.setViewportSize({ width: 320, height: 800 });
  const beyond = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (beyond > 0) found.push(`${name}: ${beyond} px wider than a window of 320`);
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize(size);
  return found;
}
