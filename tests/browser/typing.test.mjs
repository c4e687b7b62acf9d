// A keyboard alone is enough, and the form answers while it is filled in.

import assert from 'node:assert/strict';
import { inspect } from './inspect.mjs';
import { heading, press, says, settings, signInWithPassword } from './ledgerline.mjs';
import { passwords } from './product.mjs';
import { stage } from './stage.mjs';

const scene = stage();
const look = async (page, name) => assert.deepEqual(await inspect(page, name), []);

// Goes on to what has this name, as somebody without a mouse does. Each stop on the way is seen, with a ring around it.
async function tabTo(page, name) {
  const stops = [];
  while (stops.at(-1) !== name) {
    assert.ok(stops.length < 60, `${name} is not among ${stops}`);
    await page.keyboard.press('Tab');
    const stop = await page.evaluate(() => {
      const element = document.activeElement;
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      const { top, bottom, width } = element.getBoundingClientRect();
      return {
        name: (element.labels?.[0] ?? element).innerText.trim(),
        ringed: outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2,
        seen: width > 0 && bottom > 0 && top < innerHeight,
      };
    });
    assert.ok(stop.ringed && stop.seen, JSON.stringify(stop));
    stops.push(stop.name);
  }
}

scene('the guide begins without a mouse', async ({ person, product }) => {
  const gina = await person();
  const { keyboard } = gina;
  await gina.goto(`${product.url}/login`);
  await tabTo(gina, 'Work e-mail');
  await keyboard.type(passwords.gina.login);
  await tabTo(gina, 'Password');
  await keyboard.type(passwords.gina.password);
  await keyboard.press('Enter');
  await heading(gina, 'Hello, Gina');
  await gina.keyboard.press('Tab');
  await gina.getByRole('link', { name: 'Skip to content' }).and(gina.locator(':focus')).waitFor();
  await keyboard.press('Enter');
  await keyboard.press('Tab');
  await gina.getByRole('link', { name: 'Set up single sign-on' }).and(gina.locator(':focus')).waitFor();
  await keyboard.press('Enter');
  await heading(gina, 'Single sign-on');
  await tabTo(gina, 'Use Okta for single sign-on');
  await keyboard.press('Space');
  await tabTo(gina, 'Okta client issuer');
  await keyboard.type('https://globex-admin.okta.com');
  await tabTo(gina, 'How e-mail addresses are compared');
  await keyboard.press('Enter');
  await gina.getByLabel('Comparison').waitFor();
  await look(gina, 'settings-by-keyboard');
  await tabTo(gina, 'Save');
  await keyboard.press('Enter');
  await says(gina, 'Nothing was put into use.');
  const described = await gina.getByLabel('Okta client issuer').getAttribute('aria-describedby');
  const [problem] = described.split(' ');
  assert.match(await gina.locator(`#${problem}`).innerText(), /Use the same address without -admin\./);
});

scene('what is wrong is said while it is typed, and nothing is saved', async ({ person, product }) => {
  const gina = await person();
  await signInWithPassword(gina, product, passwords.gina);
  await heading(gina, 'Hello, Gina');
  await settings(gina, product);
  await gina.getByRole('switch', { name: 'Use Okta for single sign-on' }).check();
  const issuer = gina.getByLabel('Okta client issuer');
  await issuer.pressSequentially('https://globex-admin.okta.com');
  await says(gina, 'Use the same address without -admin.');
  await look(gina, 'settings-while-typing');
  await issuer.fill(`"${product.okta}/"`);
  await says(gina, `It will be saved as ${product.okta}.`);
  await issuer.fill(product.okta);
  await gina.getByText('It will be saved as').waitFor({ state: 'hidden' });
  await gina.reload();
  assert.equal(await issuer.inputValue(), '');
});

scene('an address is copied by one press', async ({ person, product }) => {
  const gina = await person();
  await gina.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: product.url });
  await signInWithPassword(gina, product, passwords.gina);
  await heading(gina, 'Hello, Gina');
  await settings(gina, product);
  await press(gina, 'Copy the sign-in redirect URI');
  await says(gina, 'Copied');
  const copied = await gina.evaluate(() => navigator.clipboard.readText());
  assert.equal(copied, `${product.url}/sso/okta/callback`);
});
