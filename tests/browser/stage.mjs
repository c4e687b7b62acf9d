// What a file of tests plays on: one browser, one freshly started product, and for each test its own people.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, picture, profile } from './chromium.mjs';
import { start } from './product.mjs';

// Declares tests with `scene(name, async ({ person, product }) => …)`. `person()` is a browser that nobody has used;
// `options` are Playwright's for a new one.
// A failed scene leaves a picture of each of its pages; a passed one left no complaint in any console.
export function stage(options = {}) {
  let browser;
  let product;
  before(async () => {
    [browser, product] = await Promise.all([launch(), start()]);
  });
  after(async () => {
    await browser?.close();
    assert.equal(await product?.stop(), 0, 'the product ends when it is asked to');
  });
  return (name, play) =>
    test(name, async () => {
      const profiles = [];
      const person = async () => {
        profiles.push(await profile(browser, options));
        return profiles.at(-1).page;
      };
      try {
        await play({ person, product });
        assert.deepEqual(profiles.flatMap(({ complaints }) => complaints), []);
      } catch (error) {
        const pages = profiles.flatMap(({ context }) => context.pages());
        const file = name.replaceAll(/[^a-z0-9]+/gi, '-');
        await Promise.all(pages.map((page, index) => picture(page, `failed-${file}-${index}`)));
        throw error;
      } finally {
        await Promise.all(profiles.map(({ context }) => context.close()));
      }
    });
}
