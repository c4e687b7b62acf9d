// A page as anybody may meet it: light and dark, on a phone and on a desk.

import assert from 'node:assert/strict';
import { picture } from './chromium.mjs';

const SCHEMES = ['light', 'dark'];
const WIDTHS = { phone: 360, desk: 1280 };

// Looks at the page as it is now: nothing serious for those who need a reader, contrast or a keyboard, and nothing
// wider than the window. Keeps a picture of each form of it under `name`.
export async function inspect(page, name) {
  const size = page.viewportSize();
  for (const scheme of SCHEMES) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const [device, width] of Object.entries(WIDTHS)) {
      await page.setViewportSize({ width, height: 800 });
      const { findings, overflow } = await page.evaluate(async () => ({
        findings: (await globalThis.axe.run(document, { resultTypes: ['violations'] })).violations
          .filter(({ impact }) => impact === 'serious' || impact === 'critical')
          .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`),
        overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      }));
      await picture(page, `${name}-${scheme}-${device}`);
      assert.deepEqual(findings, [], `${name}, ${scheme}, ${device}`);
      assert.ok(overflow <= 0, `${name}, ${scheme}, ${device}: ${overflow} px wider than the window`);
    }
  }
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize(size);
}
